"""MediaPipe's blendshapes as features of clips."""

from emopipe.backbones.blendshapes import NAMES, SIDE, blendshapes
from emopipe.backbones.weights import checksum
from emopipe.extraction import ClipTransformer
from emopipe.face.crop_recipe import features_recipe, pooled_names
from emopipe.face.parameters import FaceCrops

_FACES = FaceCrops(detector="yunet", align=True)


class BlendshapeFeatures(ClipTransformer):
    """52 movements of a clip's trusted faces: how far brows, eyes, jaw and mouth have gone.

    Needs the extra ``litert`` and MediaPipe's file (Apache-2.0), which is not downloaded: get
    ``face_landmarker_v2_with_blendshapes.task`` from MediaPipe's page of models. Faces come from
    emopipe's detectors, not from MediaPipe's: values correlate with MediaPipe's own at about .95.

    Parameters
    ----------
    model : str or Path
        The file.
    faces : FaceCrops
        Which crops of a clip; by default YuNet's, eyes level, five frames per second with a margin
        of 0.1, which the networks expect.
    pooling : "mean", "max", "mean_std" or "temporal"
        Over the clip's frames; "temporal" gives mean, standard deviation, range, peak and mean
        absolute change from face to face.
    batch_size : int
        Faces per call; changes no value.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        52 (shares from 0 to 1), times the statistics of the pooling.

    Raises
    ------
    WeightsError
        On `fit` or `transform`, if the file is another one.
    ImportError
        If LiteRT is not installed.

    See Also
    --------
    FaceTexture : Features of faces without a network.
    ONNXFaceFeatures : Any network in an ONNX file.
    FeatureTable : Action units that OpenFace or py-feat computed.

    References
    ----------
    Grishchenko, Yan, Bazavan, Zanfir, Chinaev, Raveendran, Grundmann, Sminchisescu: Blendshapes
    GHUM: real-time monocular facial blendshape prediction. 2023.

    Examples
    --------
    >>> from emopipe import BlendshapeFeatures
    >>> face = BlendshapeFeatures(model="face_landmarker_v2_with_blendshapes.task")
    >>> len(face.get_feature_names_out()), face.get_feature_names_out()[-1]
    (260, 'change_noseSneerRight')
    """

    def __init__(
        self,
        *,
        model,
        faces=_FACES,
        pooling="temporal",
        batch_size=64,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.model = model
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size

    def _recipe(self):
        digest = checksum(self.model)
        return features_recipe(
            self, "blendshapes", blendshapes, side=SIDE, margin=0.1,
            finish_args={"model": digest}, digest=digest,
        )  # fmt: skip

    def _feature_names(self):
        return pooled_names(NAMES, self.pooling)

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the networks."""
        return [
            f"Blendshapes come from {checksum(self.model)[:12]}..., MediaPipe's face landmarker."
        ]
