"""What notebooks show of a Result, an Experiment and a fitted fusion: small tables as HTML."""

from emopipe.text import printable


def to_html(template, **values) -> str:
    """Return the HTML of one of this package's templates: no script, no outside address.

    Parameters
    ----------
    template : str
        "result.html", "experiment.html" or "weights.html".
    **values
        What it shows.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> "Does it run?" in to_html("experiment.html", experiment=SimpleNamespace(
    ...     title="Demo", question="Does it run?", results={}, name="demo", synthetic=False))
    True
    """
    return new_environment("emopipe.html_repr").get_template(template).render(values)


def new_environment(package):
    """Return Jinja's environment for a package's templates: it escapes all.

    Parameters
    ----------
    package : str
        Its templates lie in its folder "templates".

    Returns
    -------
    jinja2.Environment
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "shade": shade}
    return environment


def _printable(value):
    # Text that is marked as HTML is the templates' own; all other may come from a file's name.
    return printable(value, multiline=True) if type(value) is str else value


def percent(value, digits: int = 1) -> str:
    """Return a fraction as per cent, without the sign; a dash where there is none."""
    return "–" if value is None or value != value else f"{100 * value:.{digits}f}"


def shade(share) -> str:
    """Return the CSS colours of a heat map's cell: its letters have a contrast of 4.5 or more.

    Parameters
    ----------
    share : float or None
        In [0, 1].
    """
    share = 0.0 if share is None or share != share else min(max(share, 0.0), 1.0)
    start, stop = (246, 248, 250), (27, 78, 150)
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(start, stop, strict=True))
    letters = "#000" if luminance((red, green, blue)) > 0.179 else "#fff"
    return f"background:rgb({red} {green} {blue});color:{letters}"


def luminance(rgb) -> float:
    """Return the relative luminance of a colour in 0-255 (WCAG 2.2).

    Examples
    --------
    >>> luminance((255, 255, 255)), luminance((0, 0, 0))
    (1.0, 0.0)
    """
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return round(sum(k * c for k, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True)), 6)
