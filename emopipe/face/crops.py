"""Cut the window around a face's box, level it where wanted, and resize it."""

import numpy as np

# Where ArcFace and its kin have the points of `detect` in a crop of 112 x 112 pixels: x, y.
_TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
     (70.7299, 92.2041)]
) / 112  # fmt: skip


def _window(box, size, margin) -> tuple[int, int]:
    """Return rows and columns, in pixels of the image, of a window that has the shape of `size`."""
    width, height = (side * (1 + 2 * margin) for side in box[2:4])
    scale = max(height / size[0], width / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _cut(image, left, top, rows, columns) -> np.ndarray:
    import cv2

    # Far outside, the nearest edge of the image stands in.
    left = int(np.clip(left, 1 - columns, image.shape[1] - 1))
    top = int(np.clip(top, 1 - rows, image.shape[0] - 1))
    inside = image[max(top, 0) : top + rows, max(left, 0) : left + columns]
    before = max(-top, 0), max(-left, 0)
    after = rows - before[0] - inside.shape[0], columns - before[1] - inside.shape[1]
    borders = before[0], after[0], before[1], after[1]
    return cv2.copyMakeBorder(inside, *borders, cv2.BORDER_REPLICATE) if any(borders) else inside


def _level(image, center, rows, columns, eyes) -> np.ndarray:
    import cv2

    (left_x, left_y), (right_x, right_y) = (map(float, eye) for eye in eyes)
    angle = np.degrees(np.arctan2(right_y - left_y, right_x - left_x))
    turn = cv2.getRotationMatrix2D(center, angle, 1.0)
    turn[:, 2] += columns / 2 - center[0], rows / 2 - center[1]
    how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(image, turn, (columns, rows), **how)


def _similarity(points, targets) -> np.ndarray:
    """Return the turn, scale and shift, (2, 3), that bring points nearest to targets: (n, 2)."""
    start, end = (np.asarray(values, float) @ (1, 1j) for values in (points, targets))
    apart = start - start.mean()
    factor = np.vdot(apart, end - end.mean()) / np.vdot(apart, apart).real
    shift = end.mean() - factor * start.mean()
    return np.array(
        [(factor.real, -factor.imag, shift.real), (factor.imag, factor.real, shift.imag)]
    )


def align(image, landmarks, *, size=(112, 112)) -> np.ndarray:
    """Cut a face out of an image so that its landmarks lie where aligned face networks have them.

    The image is turned, scaled and shifted, never stretched or mirrored, until the five points lie
    nearest to ArcFace's template. Where the crop leaves the image, the border is repeated.

    Parameters
    ----------
    image : ndarray of uint8, shape (rows, columns, 3)
    landmarks : array-like of float, shape (5, 2)
        Points as `detect` returns them: x, y in pixels.
    size : (int, int)
        Rows and columns of the crop.

    Returns
    -------
    ndarray of uint8, shape (size[0], size[1], 3)

    References
    ----------
    Deng, Guo, Xue, Zafeiriou: ArcFace: Additive angular margin loss for deep face recognition.
    CVPR 2019.

    Examples
    --------
    >>> points = [(40, 50), (60, 50), (50, 60), (42, 70), (58, 70)]
    >>> align(np.zeros((100, 100, 3), np.uint8), points).shape
    (112, 112, 3)
    """
    import cv2

    turn = _similarity(landmarks, _TEMPLATE * size[::-1])
    shrink = np.hypot(*turn[:, 0])
    if shrink < 0.5:  # pixels between samples count, too
        part = 2 * shrink
        image = cv2.resize(image, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
        turn[:, :2] /= part
        turn[:, 2] -= turn[:, :2].sum(axis=1) * (part - 1) / 2
    how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(image, turn, size[::-1], **how)


def crop(image, box, *, size=(224, 224), margin=0.2, landmarks=None) -> np.ndarray:
    """Cut a face out of an image.

    The window is centred on the box, has the shape of `size` (so nothing is stretched) and holds
    the box with its margin; where it leaves the image, the border is repeated. It is averaged down
    or interpolated up to `size`.

    Parameters
    ----------
    image : ndarray of uint8, shape (rows, columns, 3)
    box : array-like of float, shape (4,) or more
        x, y, width, height in pixels.
    size : (int, int)
        Rows and columns of the crop.
    margin : float
        Added on every side, as a share of the box.
    landmarks : array-like of float, shape (5, 2), optional
        Points as `detect` returns them: the face is turned so that the eyes are level. Points that
        are NaN turn nothing.

    Returns
    -------
    ndarray of uint8, shape (size[0], size[1], 3)

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((100, 100, 3), np.uint8)
    >>> image[40:60, 30:50] = 255
    >>> crop(image, (30, 40, 20, 20), size=(8, 8), margin=0.0).min()
    np.uint8(255)
    >>> crop(image, (30, 40, 20, 20), size=(98, 80)).shape
    (98, 80, 3)
    """
    import cv2

    x, y, width, height = (float(value) for value in box[:4])
    if not (width > 0 and height > 0):
        raise ValueError(f"box={list(map(float, box))} has no area.")
    rows, columns = _window((x, y, width, height), size, margin)
    center = x + width / 2, y + height / 2
    if landmarks is not None and np.isfinite(landmarks).all():
        window = _level(image, center, rows, columns, landmarks[:2])
    else:
        left, top = round(center[0] - columns / 2), round(center[1] - rows / 2)
        window = _cut(image, left, top, rows, columns)
    smaller = columns > size[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(window, (size[1], size[0]), interpolation=how)


class Rescaled:
    """A reading whose landscape frames have another number of rows and columns."""

    def __init__(self, reading, shape):
        self._reading, self._shape = reading, shape

    def __iter__(self):
        return self

    def __next__(self):
        import cv2

        time, image = next(self._reading)
        if image.shape[1] > image.shape[0] and image.shape[:2] != self._shape:
            image = cv2.resize(image, self._shape[::-1], interpolation=cv2.INTER_LINEAR)
        return time, image

    def __getattr__(self, name):
        return getattr(self._reading, name)
