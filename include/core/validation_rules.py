"""The rules of validation, all of them: what each says, and what happens when it is broken.

A rule ``fail`` holds the day back until a person decides; a rule ``warn`` is shown, and the day is published.
``validation_severity`` in ``lake.yaml`` sets either for any rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fail", "warn"]

# What a rule looks at: one table's columns and rows; tables together with the plan; tables and archived
# responses; a day and the days before it; what things cost.
Layer = Literal["columns", "relations", "archive", "trend", "costs"]


@dataclass(frozen=True)
class Rule:
    """One rule.

    :param name: as ``validation_results.expectation`` and ``lake.yaml`` have it.
    :param meaning: what is true of good data, as a sentence.
    :param severity: what happens when it is broken, unless ``lake.yaml`` says otherwise.
    """

    name: str
    layer: Layer
    meaning: str
    severity: Severity = "fail"


_RULES = (
    # By Great Expectations, from include/core/schemas.
    Rule(
        "expect_table_columns_to_match_ordered_list",
        "columns",
        "The table has the columns of its schema, in order.",
    ),
    Rule("expect_column_values_to_not_be_null", "columns", "A required column has a value in every row."),
    Rule("expect_column_values_to_be_between", "columns", "Numbers lie within the bounds of their column."),
    Rule("expect_column_values_to_be_in_set", "columns", "Values are among those that their column allows."),
    Rule("expect_column_values_to_be_unique", "columns", "No two rows have the same key."),
    Rule(
        "expect_compound_columns_to_be_unique", "columns", "No two rows have the same key of several columns."
    ),
    Rule("expect_table_row_count_to_equal", "columns", "The table has as many rows as the run promised."),
    # include/store/staged_frames.py
    Rule(
        "files_fit_the_schema",
        "columns",
        "Files are Parquet with the columns and types of the schema, and no others.",
    ),
    # include/validate/row_rules.py
    Rule("no_value_is_nan", "columns", "A number is a number or null, neither NaN nor infinite."),
    Rule(
        "box_is_within_the_frame",
        "columns",
        "A box has four edges and an extent, and reaches 0.1 beyond the frame at most.",
    ),
    Rule(
        "boxes_are_within_the_frame",
        "columns",
        "The same is true of the boxes of instances, and they have confidences.",
    ),
    Rule("points_are_within_the_frame", "columns", "Corners reach 0.1 beyond the frame at most."),
    Rule("members_of_lists_are_right", "columns", "Lists of words have no blank, garbled or repeated word."),
    Rule("an_image_has_no_time", "columns", "Findings in images have no time."),
    Rule("a_finding_in_a_video_has_a_time", "columns", "Findings in videos have a time."),
    Rule(
        "the_end_is_not_before_the_start",
        "columns",
        "A span has both ends, and its end is not before its start.",
    ),
    Rule("the_time_is_within_the_span", "columns", "The time of a finding is not outside its span."),
    Rule("name_is_neither_blank_nor_garbled", "columns", "Names are not blank, and are decoded as UTF-8."),
    Rule(
        "text_is_not_garbled",
        "columns",
        "Text that was read, or that people wrote, is decoded as UTF-8.",
        "warn",
    ),
    Rule("id_has_its_form", "columns", "Ids, versions and time codes look as the API's model says."),
    Rule("value_is_in_the_list_of_the_api", "columns", "Words are among those that the API's model lists."),
    Rule("score_is_there", "columns", "A finding has its confidence."),
    Rule("values_come_in_pairs", "columns", "A value has its confidence, and a confidence its value."),
    # include/validate/table_rules.py
    Rule("a_label_is_not_its_own_parent", "columns", "A label is not above itself in the taxonomy."),
    Rule("instance_count_is_the_number_of_instances", "columns", "The number of boxes is that of the list."),
    Rule(
        "colors_are_parts_of_256_and_shares_of_the_whole",
        "columns",
        "Colors are RGB with a code of six hexadecimal digits; shares are 100 % at most.",
    ),
    Rule(
        "level_1_has_no_parent_and_others_have_one",
        "columns",
        "Moderation labels of level 1 have no parent, others have one.",
    ),
    Rule("words_have_a_line_and_lines_have_none", "columns", "A word has a line, and a line has none."),
    Rule("a_text_is_not_its_own_line", "columns", "A word is not its own line."),
    Rule(
        "the_dominant_emotion_has_the_greatest_confidence",
        "columns",
        "The dominant emotion is listed and the most certain one; emotions are the API's.",
    ),
    Rule(
        "the_least_age_is_not_above_the_greatest",
        "columns",
        "The least age is not above the greatest, nor that above 150.",
    ),
    Rule(
        "equipment_is_on_a_body_part",
        "columns",
        "Equipment has its body part, and what is not there has no box.",
    ),
    Rule(
        "the_duration_is_the_end_less_the_start", "columns", "A segment's duration is its end less its start."
    ),
    Rule(
        "shots_have_numbers_and_cues_have_kinds",
        "columns",
        "Shots have numbers, and technical cues have kinds.",
    ),
    # include/validate/plan_rules.py
    Rule("assets_are_those_planned", "relations", "The assets are those of the run's plan."),
    Rule(
        "analyses_are_those_planned",
        "relations",
        "The analyses are those of the run's plan, which lake.yaml asked for.",
    ),
    Rule(
        "facts_are_those_of_the_manifest",
        "relations",
        "What is said of an asset is what the day's manifest says.",
    ),
    Rule("analyses_have_the_key_planned", "relations", "An analysis has the key that it was planned with."),
    Rule(
        "the_outcome_follows_from_the_plan",
        "relations",
        "What the plan rejected is rejected; what was paid for before is reused.",
    ),
    Rule(
        "the_operation_is_that_of_the_feature", "relations", "An analysis has the operation of its feature."
    ),
    Rule(
        "findings_are_counted_by_the_tables_asked_for",
        "relations",
        "Counts are of the tables that the request fills, and their sum.",
    ),
    # include/validate/outcome_rules.py
    Rule(
        "members_of_a_success_are_there",
        "relations",
        "An analysis has units, counts, a response and a time if it succeeded.",
    ),
    Rule("an_error_is_there_unless_it_succeeded", "relations", "An analysis has an error, or it succeeded."),
    Rule(
        "units_are_those_of_the_asset",
        "relations",
        "An image is one unit; a video has its minutes, 10 % more or less, or whole frames.",
    ),
    Rule("the_response_is_in_the_archive", "relations", "The response's URI is in the archive."),
    Rule(
        "the_time_of_completion_is_possible",
        "relations",
        "Nothing was completed in the future, or before there was Rekognition.",
    ),
    Rule(
        "analyses_of_one_key_agree",
        "relations",
        "Assets with the same bytes share an analysis, and all that it says.",
    ),
    Rule(
        "the_model_version_is_the_pinned_one",
        "relations",
        "Where lake.yaml pins a model version, analyses are of it.",
        "warn",
    ),
    Rule(
        "status_follows_from_the_analyses",
        "relations",
        "An asset's status and reason follow from its analyses.",
    ),
    # include/validate/finding_rules.py
    Rule(
        "findings_are_of_an_analysis_that_succeeded",
        "relations",
        "Each finding is of an analysis of its asset that succeeded and fills the table.",
    ),
    Rule(
        "each_analysis_has_the_findings_counted",
        "relations",
        "Each analysis has as many rows as were counted.",
    ),
    Rule(
        "model_version_is_that_of_the_analysis", "relations", "Rows have the model version of their analysis."
    ),
    Rule("rows_are_unique", "relations", "No row is there twice."),
    Rule(
        "copies_have_the_same_findings", "relations", "Assets that share an analysis have the same findings."
    ),
    Rule("score_is_not_below_the_threshold", "relations", "No finding is below min_confidence of lake.yaml."),
    Rule("scores_are_in_percent", "relations", "A table's scores are not all between 0 and 1."),
    Rule("scores_differ", "relations", "The scores of many findings are not all the same.", "warn"),
    Rule(
        "no_finding_is_past_the_end",
        "relations",
        "No finding lies more than a second past the end of its video.",
    ),
    Rule(
        "times_are_in_milliseconds",
        "relations",
        "Most times of a video are half a frame apart or more; seconds are not.",
    ),
    Rule(
        "numbers_in_a_frame_are_unique",
        "relations",
        "The texts and the faces of a frame have numbers of their own.",
    ),
    Rule("the_line_of_a_word_is_a_line", "relations", "What a word is on, in the same frame, is a line."),
    Rule("shots_follow_one_another", "relations", "Shots of a video have rising numbers and do not overlap."),
    # include/validate/archive_rules.py; of a large day part is read, at random.
    Rule(
        "the_archived_response_exists", "archive", "What an analysis names as its response is in the archive."
    ),
    Rule(
        "the_archive_has_the_response",
        "archive",
        "The archived object can be read, and has the response of the analysis.",
    ),
    Rule(
        "the_response_is_of_the_operation",
        "archive",
        "The response is of the operation and the model version that the analysis names.",
    ),
    Rule(
        "pages_of_a_job_are_complete",
        "archive",
        "The archived pages of a job lead from first to last and say that it succeeded; no frame is missing.",
    ),
    Rule(
        "the_archive_has_the_findings_counted",
        "archive",
        "A raw response has as many findings at or above min_confidence as were counted.",
    ),
    Rule(
        "rows_are_those_of_the_response",
        "archive",
        "Rows have the values that their response gives when it is normalized again; a sample.",
    ),
    # include/validate/trend_rules.py says how days are compared.
    Rule(
        "the_day_did_not_fail_as_a_whole",
        "trend",
        "Not every analysis of the day failed; days with fewer than 20 are not judged.",
    ),
    Rule("volume_is_as_usual", "trend", "A source has about as many assets as on the days before.", "warn"),
    Rule(
        "failures_are_as_usual",
        "trend",
        "About as many analyses of a source and feature failed as on the days before.",
        "warn",
    ),
    Rule(
        "empty_answers_are_as_usual",
        "trend",
        "About as many answers to a source and feature are without findings as on the days before.",
        "warn",
    ),
    Rule(
        "confidence_is_as_usual",
        "trend",
        "The mean confidence of a source and model version is about that of the days before.",
        "warn",
    ),
    Rule(
        "the_mix_is_as_usual",
        "trend",
        "Labels of a source and model version have about the shares that they had on the days before.",
        "warn",
    ),
    # include/validate/cost_rules.py
    Rule("amounts_are_finite", "costs", "Units, dollars and counts are finite and not negative."),
    Rule("the_price_book_is_known", "costs", "Prices are of a price book of the lake's region."),
    Rule(
        "the_price_line_is_of_the_feature",
        "costs",
        "A row has an operation and a line of the price book that its feature is billed by.",
    ),
    Rule(
        "the_payer_is_in_lake_yaml", "costs", "lake.yaml has the source, and that team pays for it.", "warn"
    ),
    Rule("what_is_reused_costs_nothing", "costs", "What was reused has a price of 0."),
    Rule("what_is_paid_saves_nothing", "costs", "What was paid for has no saving."),
    Rule(
        "the_time_of_use_is_possible",
        "costs",
        "Nothing was used in the future, or before there was Rekognition.",
    ),
    Rule("usage_is_counted_once", "costs", "No use of an analysis is there under two ids."),
    Rule(
        "costs_have_the_keys_of_the_usage",
        "costs",
        "`costs_daily` has the days, teams, sources, features and lines of the usage.",
    ),
    Rule("costs_are_the_sum_of_the_usage", "costs", "`costs_daily` has the sums of the usage."),
    # include/validate/price_rules.py
    Rule(
        "dollars_are_units_times_a_price_of_the_book",
        "costs",
        "Dollars are the units times the prices of the tiers that the units before them reach. What the day "
        "reused before saves nothing.",
    ),
    Rule(
        "list_dollars_are_those_of_the_first_tier",
        "costs",
        "List prices are the units times the price of the first tier, and 0 if reused.",
    ),
    Rule(
        "usage_is_named_as_on_the_bill",
        "costs",
        "Usage has the month of its instant, the usage type of its line, the tier of the units before it.",
    ),
    Rule(
        "prices_do_not_rise_within_a_month",
        "costs",
        "A unit costs no more than one that was paid for earlier in the month, where tiers fall.",
    ),
    Rule(
        "units_before_rise_within_a_month",
        "costs",
        "Each use has all units before it that an earlier use of the day has, and those of that use.",
    ),
    # include/validate/usage_rules.py
    Rule(
        "units_are_those_of_the_analysis",
        "costs",
        "An image is one unit; a video has the minutes of its analysis.",
    ),
    Rule("the_feature_is_that_of_the_analysis", "costs", "Usage and analysis have the same feature."),
    Rule(
        "usage_is_of_a_known_analysis",
        "costs",
        "Usage is of an analysis of the day, or one that the ledger knows.",
        "warn",
    ),
    Rule(
        "what_was_paid_for_is_in_the_usage",
        "costs",
        "Each analysis that the day paid for has its lines of usage.",
    ),
    Rule(
        "what_was_reused_is_in_the_usage",
        "costs",
        "Each analysis that was reused has its lines of usage.",
        "warn",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}
