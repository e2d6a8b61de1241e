"""The finding tables: what Rekognition found, one row per finding."""

from __future__ import annotations

from include.core.schemas.table import MEDIA_ID, Column, Moment, Table


def _confidence(name: str = "confidence", meaning: str = "confidence in percent") -> Column:
    return Column(name, "double", meaning, minimum=0, maximum=100)


_FINDING = (
    MEDIA_ID,
    Column(
        "analysis_key",
        "string",
        "the analysis it was found by; joins with analyses.analysis_key",
        required=True,
    ),
    Column("model_version", "string", "version of the Rekognition model, where the API reports one"),
)
_TIMESTAMP = Column("timestamp_ms", "bigint", "time of the frame in milliseconds; null for images", minimum=0)
_SPAN = (
    Column(
        "start_ms",
        "bigint",
        "start of the finding in milliseconds; null unless the API gives spans",
        minimum=0,
    ),
    Column(
        "end_ms", "bigint", "end of the finding in milliseconds; null unless the API gives spans", minimum=0
    ),
)


def _named_box(prefix: str, thing: str = "") -> tuple[Column, ...]:
    whose = f" of {thing}" if thing else ""
    return (
        Column(f"{prefix}_left", "double", f"left edge{whose}, as a ratio of the frame's width"),
        Column(f"{prefix}_top", "double", f"top edge{whose}, as a ratio of the frame's height"),
        Column(f"{prefix}_width", "double", f"width{whose}, as a ratio of the frame's width", minimum=0),
        Column(f"{prefix}_height", "double", f"height{whose}, as a ratio of the frame's height", minimum=0),
    )


_BOX = _named_box("box")


def _face_attribute(name: str, meaning: str) -> tuple[Column, Column]:
    return (
        Column(name, "boolean", f"{meaning}; null unless attributes were asked for"),
        _confidence(f"{name}_confidence", f"confidence of {name} in percent"),
    )


FINDINGS: tuple[Table, ...] = (
    Table(
        "labels",
        "Objects, scenes, activities and concepts; one row per label and, in videos, per time.",
        (
            *_FINDING,
            _TIMESTAMP,
            *_SPAN,
            Column("name", "string", "label", required=True),
            _confidence(),
            Column("parents", "array<string>", "labels above it in the taxonomy"),
            Column("aliases", "array<string>", "other names of the label"),
            Column("categories", "array<string>", "categories it belongs to"),
            Column("instance_count", "int", "number of boxes", required=True, minimum=0),
            Column(
                "instances",
                "array<struct<box_left:double,box_top:double,box_width:double,box_height:double,"
                "confidence:double>>",
                "box and confidence of each instance",
            ),
        ),
        sort_keys=("name", "media_id", "timestamp_ms", "start_ms"),
        moments=(Moment("label", "name"),),
    ),
    Table(
        "image_properties",
        "Dominant colors and quality of an image; one row for the whole image and, where the API tells them "
        "apart, one for its foreground and one for its background.",
        (
            *_FINDING,
            Column(
                "region",
                "string",
                "image, foreground or background",
                required=True,
                values=("image", "foreground", "background"),
            ),
            Column("brightness", "double", "brightness, 0-100", minimum=0, maximum=100),
            Column("sharpness", "double", "sharpness, 0-100", minimum=0, maximum=100),
            Column("contrast", "double", "contrast, 0-100; null for a foreground or background", minimum=0),
            Column(
                "dominant_colors",
                "array<struct<hex_code:string,css_color:string,simplified_color:string,red:int,green:int,"
                "blue:int,pixel_percent:double>>",
                "colors, the most frequent first, with their share of the region's pixels in percent",
            ),
        ),
        sort_keys=("region", "media_id"),
        score=None,
        moments=(
            Moment(
                "image quality",
                "concat(region, ': brightness ', coalesce(CAST(CAST(round(brightness) AS int) AS varchar), "
                "'unknown'), ', sharpness ', coalesce(CAST(CAST(round(sharpness) AS int) AS varchar), "
                "'unknown'))",
            ),
        ),
    ),
    Table(
        "moderation_labels",
        "Inappropriate or unwanted content; one row per label and, in videos, per time.",
        (
            *_FINDING,
            _TIMESTAMP,
            *_SPAN,
            Column("name", "string", "moderation label", required=True),
            Column("parent_name", "string", "label above it in the taxonomy; null at the top"),
            Column(
                "taxonomy_level",
                "int",
                "level in the taxonomy, from 1; counted from the parents for models that do not state it",
                minimum=1,
            ),
            _confidence(),
            Column("content_types", "array<string>", "kinds of content, such as Animated or Illustrated"),
        ),
        sort_keys=("name", "media_id", "timestamp_ms", "start_ms"),
        moments=(Moment("moderation", "name"),),
    ),
    Table(
        "texts",
        "Text that can be read; one row per line or word and, in videos, per time.",
        (
            *_FINDING,
            _TIMESTAMP,
            Column("text", "string", "the text as read", required=True),
            Column("type", "string", "LINE or WORD", required=True, values=("LINE", "WORD")),
            Column("text_id", "int", "number of the detection within its frame"),
            Column("parent_id", "int", "for a word, the text_id of its line"),
            _confidence(),
            *_BOX,
            Column(
                "polygon",
                "array<struct<x:double,y:double>>",
                "corners of the text, as ratios of the frame",
            ),
        ),
        sort_keys=("type", "text", "media_id", "timestamp_ms", "text_id"),
        moments=(Moment("text", "text", where="type = 'LINE'"),),
    ),
    Table(
        "faces",
        "Faces and their attributes, without identity; one row per face and, in videos, per time.",
        (
            *_FINDING,
            _TIMESTAMP,
            Column(
                "face_index",
                "int",
                "number of the face within its image or frame",
                required=True,
                minimum=0,
            ),
            _confidence(),
            *_BOX,
            Column("pose_roll", "double", "roll in degrees", minimum=-180, maximum=180),
            Column("pose_yaw", "double", "yaw in degrees", minimum=-180, maximum=180),
            Column("pose_pitch", "double", "pitch in degrees", minimum=-180, maximum=180),
            Column("brightness", "double", "brightness of the face, 0-100", minimum=0, maximum=100),
            Column("sharpness", "double", "sharpness of the face, 0-100", minimum=0, maximum=100),
            Column("age_low", "int", "least estimated age in years", minimum=0),
            Column("age_high", "int", "greatest estimated age in years", minimum=0),
            Column("gender", "string", "Male or Female, as the model predicts appearance"),
            _confidence("gender_confidence", "confidence of gender in percent"),
            *_face_attribute("smile", "smiles"),
            *_face_attribute("eyeglasses", "wears eyeglasses"),
            *_face_attribute("sunglasses", "wears sunglasses"),
            *_face_attribute("beard", "has a beard"),
            *_face_attribute("mustache", "has a mustache"),
            *_face_attribute("eyes_open", "eyes are open"),
            *_face_attribute("mouth_open", "mouth is open"),
            *_face_attribute("face_occluded", "face is partly hidden"),
            Column("dominant_emotion", "string", "emotion of the greatest confidence"),
            Column(
                "emotions",
                "array<struct<type:string,confidence:double>>",
                "all emotions with their confidence",
            ),
        ),
        sort_keys=("media_id", "timestamp_ms", "face_index"),
        sensitive=True,
        moments=(
            Moment(
                "faces",
                "CASE WHEN count(*) = 1 THEN '1 face' ELSE concat(CAST(count(*) AS varchar), ' faces') END",
                per_time=True,
            ),
        ),
    ),
    Table(
        "celebrities",
        "Well-known people; one row per person and, in videos, per time.",
        (
            *_FINDING,
            _TIMESTAMP,
            Column("celebrity_id", "string", "Rekognition's identifier of the person"),
            Column("name", "string", "name of the person", required=True),
            _confidence(meaning="confidence in percent that it is this person"),
            Column("urls", "array<string>", "pages about the person"),
            Column("known_gender", "string", "gender of the person as publicly known"),
            Column(
                "face_confidence",
                "double",
                "confidence in percent that it is a face",
                minimum=0,
                maximum=100,
            ),
            *_BOX,
            *_named_box("body_box", "the person's body"),
        ),
        sort_keys=("name", "media_id", "timestamp_ms"),
        sensitive=True,
        moments=(Moment("celebrity", "name"),),
    ),
    Table(
        "face_matches",
        "Faces that match one of a collection or of another image; one row per match and, in videos, per "
        "time.",
        (
            *_FINDING,
            _TIMESTAMP,
            Column(
                "person_index",
                "bigint",
                "number of the person within the video; null for images",
                minimum=0,
            ),
            Column(
                "similarity",
                "double",
                "similarity of the two faces in percent",
                required=True,
                minimum=0,
                maximum=100,
            ),
            Column("face_id", "string", "matching face of the collection"),
            Column("external_image_id", "string", "name that was given to the matching face's image"),
            Column("image_id", "string", "image of the collection that the matching face is from"),
            _confidence(meaning="confidence in percent that the matching face is a face"),
            *_BOX,
            *_named_box("matched_box", "the matching face, in its own image"),
        ),
        sort_keys=("external_image_id", "face_id", "media_id", "timestamp_ms", "person_index"),
        sensitive=True,
        score="similarity",
        moments=(Moment("face match", "coalesce(external_image_id, face_id)"),),
    ),
    Table(
        "protective_equipment",
        "Protective equipment; one row per person, body part and item, also for parts and persons without "
        "any.",
        (
            *_FINDING,
            Column("person_id", "int", "number of the person within the image", required=True, minimum=0),
            _confidence(meaning="confidence in percent that it is a person"),
            Column(
                "body_part",
                "string",
                "FACE, HEAD, LEFT_HAND or RIGHT_HAND; null if none of them was found",
            ),
            _confidence("body_part_confidence", "confidence of body_part in percent"),
            Column("equipment", "string", "HEAD_COVER, FACE_COVER or HAND_COVER; null if the part has none"),
            _confidence("equipment_confidence", "confidence of equipment in percent"),
            Column("covers_body_part", "boolean", "whether the item covers the body part"),
            _confidence("covers_body_part_confidence", "confidence of covers_body_part in percent"),
            *_BOX,
            *_named_box("equipment_box", "the item"),
        ),
        sort_keys=("equipment", "body_part", "media_id", "person_id"),
        moments=(
            Moment(
                "equipment",
                "concat('Person ', CAST(person_id AS varchar), "
                "coalesce(concat(', ', body_part, ': ', coalesce(equipment, 'none')), ''))",
            ),
        ),
    ),
    Table(
        "custom_labels",
        "Labels of a Custom Labels model; model_version is the ARN of the model's version.",
        (
            *_FINDING,
            Column("name", "string", "label", required=True),
            _confidence(),
            *_BOX,
            Column("polygon", "array<struct<x:double,y:double>>", "outline, as ratios of the frame"),
        ),
        sort_keys=("name", "media_id"),
        moments=(Moment("custom label", "name"),),
    ),
    Table(
        "persons",
        "Paths of people through a video, from archived responses of people pathing, which AWS ended; one "
        "row per person and time.",
        (
            *_FINDING,
            _TIMESTAMP,
            Column(
                "person_index",
                "bigint",
                "number of the person within the video",
                required=True,
                minimum=0,
            ),
            *_BOX,
            Column(
                "face_confidence",
                "double",
                "confidence in percent that it has a face",
                minimum=0,
                maximum=100,
            ),
            *_named_box("face_box", "the person's face"),
        ),
        sort_keys=("media_id", "person_index", "timestamp_ms"),
        sensitive=True,
        score=None,
        moments=(
            Moment("person", "concat('Person ', CAST(person_index AS varchar))", score="face_confidence"),
        ),
    ),
    Table(
        "segments",
        "Shots and technical cues of a video.",
        (
            *_FINDING,
            Column(
                "type", "string", "SHOT or TECHNICAL_CUE", required=True, values=("SHOT", "TECHNICAL_CUE")
            ),
            Column("cue_type", "string", "kind of technical cue, such as BlackFrames; null for shots"),
            Column("shot_index", "bigint", "number of the shot; null for cues", minimum=0),
            Column("start_ms", "bigint", "start in milliseconds", required=True),
            Column("end_ms", "bigint", "end in milliseconds", required=True),
            Column("duration_ms", "bigint", "duration in milliseconds", required=True, minimum=0),
            Column("start_frame", "bigint", "first frame"),
            Column("end_frame", "bigint", "last frame"),
            Column("duration_frames", "bigint", "number of frames", minimum=0),
            Column("start_timecode", "string", "start as SMPTE time code"),
            Column("end_timecode", "string", "end as SMPTE time code"),
            _confidence(),
        ),
        sort_keys=("type", "cue_type", "media_id", "start_ms"),
        moments=(
            Moment("shot", "concat('Shot ', CAST(shot_index AS varchar))", where="type = 'SHOT'"),
            Moment("technical cue", "cue_type", where="type = 'TECHNICAL_CUE'"),
        ),
    ),
)
