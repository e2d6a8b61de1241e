"""Operators for single calls about faces and collections of faces. They return little, and no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException
from airflow.utils.helpers import prune_dict
from botocore.exceptions import ClientError

from rekognition.hooks import RekognitionHook
from rekognition.links import RekognitionConsoleLink

if TYPE_CHECKING:
    from airflow.sdk import Context

QualityFilter = Literal["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"]


class RekognitionFaceOperator(AwsBaseOperator[RekognitionHook]):
    """
    Base of the operators about faces (not supposed to be used directly in Dags).

    :param aws_conn_id: The Airflow connection used for AWS credentials.
        If this is ``None`` or empty then the default boto3 behaviour is used. If
        running Airflow in a distributed manner and aws_conn_id is None or
        empty, then default boto3 configuration would be used (and must be
        maintained on each worker node).
    :param region_name: AWS region_name. If not specified then the default boto3 behaviour is used.
    :param verify: Whether to verify SSL certificates. See:
        https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/session.html
    :param botocore_config: Configuration dictionary (key-values) for botocore client. See:
        https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
    """

    aws_hook_class = RekognitionHook

    template_fields: Sequence[str] = aws_template_fields()
    operator_extra_links = (RekognitionConsoleLink(),)

    ui_color = "#66c3ff"

    def _persist_link(self, context: Context) -> None:
        RekognitionConsoleLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
        )


class RekognitionCompareFacesOperator(RekognitionFaceOperator):
    """
    Compare the largest face of an image with the faces of another one.

    Returns ``{"similarities": [...], "unmatched_faces": ...}``: the similarity, in percent, of each face of
    the target that is above the threshold, highest first, and the number of the other faces there.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param source_image: The image with the face to look for, in S3:
        ``{"S3Object": {"Bucket": ..., "Name": ...}}``. (templated)
    :param target_image: The image to look in, likewise. (templated)
    :param similarity_threshold: Least similarity of a match, in percent. (default: AWS's, 80)
    :param quality_filter: Which faces are too poor to be compared: ``NONE``, ``AUTO``, ``LOW``, ``MEDIUM`` or
        ``HIGH``. (default: AWS's, ``NONE``)
    """

    template_fields: Sequence[str] = aws_template_fields("source_image", "target_image")
    template_fields_renderers: ClassVar[dict[str, str]] = {"source_image": "json", "target_image": "json"}

    def __init__(
        self,
        *,
        source_image: dict[str, Any],
        target_image: dict[str, Any],
        similarity_threshold: float | None = None,
        quality_filter: QualityFilter | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_image = source_image
        self.target_image = target_image
        self.similarity_threshold = similarity_threshold
        self.quality_filter = quality_filter

    def execute(self, context: Context) -> dict[str, Any]:
        self._persist_link(context)
        request = {
            "SourceImage": self.source_image,
            "TargetImage": self.target_image,
            "SimilarityThreshold": self.similarity_threshold,
            "QualityFilter": self.quality_filter,
        }
        response = self.hook.conn.compare_faces(**prune_dict(request))
        similarities = sorted((match["Similarity"] for match in response["FaceMatches"]), reverse=True)
        unmatched = len(response.get("UnmatchedFaces", []))
        self.log.info("%d faces match, %d do not", len(similarities), unmatched)
        return {"similarities": similarities, "unmatched_faces": unmatched}


class RekognitionIndexFacesOperator(RekognitionFaceOperator):
    """
    Add the faces of an image to a collection.

    Returns ``{"face_ids": [...], "unindexed_faces": ...}``: the ids that AWS gave to the faces, and the
    number of faces that it did not add. A retry adds nothing twice: AWS keeps one entry for the same image
    and external id.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param collection_id: Collection to add the faces to. (templated)
    :param image: The image in S3: ``{"S3Object": {"Bucket": ..., "Name": ...}}``. (templated)
    :param external_image_id: Name of your own for the image, that searches return. (templated)
    :param max_faces: Largest number of faces to add; AWS leaves out poor faces first, then small ones.
        (default: AWS's, 100)
    :param quality_filter: Which faces are too poor to be added: ``NONE``, ``AUTO``, ``LOW``, ``MEDIUM`` or
        ``HIGH``. (default: AWS's, ``AUTO``)
    """

    template_fields: Sequence[str] = aws_template_fields("collection_id", "image", "external_image_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"image": "json"}

    def __init__(
        self,
        *,
        collection_id: str,
        image: dict[str, Any],
        external_image_id: str | None = None,
        max_faces: int | None = None,
        quality_filter: QualityFilter | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id
        self.image = image
        self.external_image_id = external_image_id
        self.max_faces = max_faces
        self.quality_filter = quality_filter

    def execute(self, context: Context) -> dict[str, Any]:
        self._persist_link(context)
        request = {
            "CollectionId": self.collection_id,
            "Image": self.image,
            "ExternalImageId": self.external_image_id,
            "MaxFaces": self.max_faces,
            "QualityFilter": self.quality_filter,
        }
        response = self.hook.conn.index_faces(**prune_dict(request))
        face_ids = [record["Face"]["FaceId"] for record in response["FaceRecords"]]
        unindexed = response.get("UnindexedFaces", [])
        for face in unindexed:
            self.log.info("A face was not added: %s", ", ".join(face.get("Reasons", [])))
        self.log.info("Collection %s: %d faces indexed", self.collection_id, len(face_ids))
        return {"face_ids": face_ids, "unindexed_faces": len(unindexed)}


class RekognitionSearchFacesByImageOperator(RekognitionFaceOperator):
    """
    Search a collection for the largest face of an image.

    Returns the matches, most similar first, each as
    ``{"face_id": ..., "external_image_id": ..., "similarity": ...}``: the external id is None where there is
    none, the similarity is in percent. An image without a face is an error of AWS's,
    InvalidParameterException.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param collection_id: Collection to search. (templated)
    :param image: The image in S3: ``{"S3Object": {"Bucket": ..., "Name": ...}}``. (templated)
    :param max_faces: Largest number of matches, 1 to 4096; each takes about 120 bytes of the result.
        (default: 80)
    :param face_match_threshold: Least similarity of a match, in percent. (default: AWS's, 80)
    :param quality_filter: Which faces are too poor to be searched for: ``NONE``, ``AUTO``, ``LOW``,
        ``MEDIUM`` or ``HIGH``. (default: AWS's, ``NONE``)
    """

    template_fields: Sequence[str] = aws_template_fields("collection_id", "image")
    template_fields_renderers: ClassVar[dict[str, str]] = {"image": "json"}

    def __init__(
        self,
        *,
        collection_id: str,
        image: dict[str, Any],
        max_faces: int = 80,
        face_match_threshold: float | None = None,
        quality_filter: QualityFilter | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id
        self.image = image
        self.max_faces = max_faces
        self.face_match_threshold = face_match_threshold
        self.quality_filter = quality_filter

    def execute(self, context: Context) -> list[dict[str, Any]]:
        self._persist_link(context)
        request = {
            "CollectionId": self.collection_id,
            "Image": self.image,
            "MaxFaces": self.max_faces,
            "FaceMatchThreshold": self.face_match_threshold,
            "QualityFilter": self.quality_filter,
        }
        response = self.hook.conn.search_faces_by_image(**prune_dict(request))
        self.log.info("Collection %s: %d faces match", self.collection_id, len(response["FaceMatches"]))
        return [
            {
                "face_id": match["Face"]["FaceId"],
                "external_image_id": match["Face"].get("ExternalImageId"),
                "similarity": match["Similarity"],
            }
            for match in response["FaceMatches"]
        ]


class RekognitionDeleteFacesOperator(RekognitionFaceOperator):
    """
    Delete faces from a collection. Faces that are not there, for instance on a retry, are no error.

    Returns the number of faces deleted. Fails if AWS keeps a face, for instance because a user is associated
    with it; the others are deleted then.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param collection_id: Collection to delete from. (templated)
    :param face_ids: Ids of the faces, up to 4096. (templated)
    """

    template_fields: Sequence[str] = aws_template_fields("collection_id", "face_ids")

    def __init__(self, *, collection_id: str, face_ids: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id
        self.face_ids = face_ids

    def execute(self, context: Context) -> int:
        self._persist_link(context)
        response = self.hook.conn.delete_faces(CollectionId=self.collection_id, FaceIds=self.face_ids)
        deleted = len(response.get("DeletedFaces", []))
        self.log.info(
            "Collection %s: %d of %d faces deleted", self.collection_id, deleted, len(self.face_ids)
        )
        kept = {
            face.get("FaceId"): face.get("Reasons", [])
            for face in response.get("UnsuccessfulFaceDeletions", [])
            if face.get("Reasons") != ["FACE_NOT_FOUND"]
        }
        if kept:
            raise AirflowException(f"Collection {self.collection_id}: faces were not deleted: {kept}")
        return deleted


class RekognitionCreateCollectionOperator(RekognitionFaceOperator):
    """
    Create a collection of faces. Returns its ARN.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param collection_id: Id of the collection. (templated)
    :param tags: Tags to assign to the collection. (templated)
    :param if_exists: Behavior when the collection already exists.
        ``"fail"`` raises an error, ``"skip"`` logs and returns the ARN of the collection that is there.
    """

    template_fields: Sequence[str] = aws_template_fields("collection_id", "tags")
    template_fields_renderers: ClassVar[dict[str, str]] = {"tags": "json"}

    def __init__(
        self,
        *,
        collection_id: str,
        tags: dict[str, str] | None = None,
        if_exists: Literal["fail", "skip"] = "skip",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id
        self.tags = tags
        self.if_exists = if_exists

    def execute(self, context: Context) -> str:
        self._persist_link(context)
        request = {"CollectionId": self.collection_id, "Tags": self.tags}
        arn: str
        try:
            arn = self.hook.conn.create_collection(**prune_dict(request))["CollectionArn"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code != "ResourceAlreadyExistsException" or self.if_exists == "fail":
                raise
            self.log.info("Collection %s already exists, skipping.", self.collection_id)
            arn = self.hook.conn.describe_collection(CollectionId=self.collection_id)["CollectionARN"]
        else:
            self.log.info("Created collection %s", arn)
        return arn


class RekognitionDeleteCollectionOperator(RekognitionFaceOperator):
    """
    Delete a collection with all its faces. A collection that is not there, for instance on a retry, is no
    error.

    For the other parameters see :class:`RekognitionFaceOperator`.

    :param collection_id: Id of the collection. (templated)
    """

    template_fields: Sequence[str] = aws_template_fields("collection_id")

    def __init__(self, *, collection_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id

    def execute(self, context: Context) -> None:
        self._persist_link(context)
        try:
            self.hook.conn.delete_collection(CollectionId=self.collection_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self.log.info("Collection %s does not exist, nothing to delete.", self.collection_id)
        else:
            self.log.info("Deleted collection %s", self.collection_id)
