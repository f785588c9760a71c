"""Reference figures for models, computed by well-known libraries."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd


def carino_linked(contributions: np.ndarray) -> tuple[np.ndarray, float]:
    """Return Carino's contributions of each issuer over all the given sessions, and the return they add up to."""
    daily = np.nansum(contributions, axis=1)
    total = float(np.prod(1 + daily) - 1)

    def factor(r):
        safe = np.where(r == 0, 1.0, r)
        return np.where(r == 0, 1.0, np.log1p(safe) / safe)

    return np.nansum(contributions * factor(daily)[:, None], axis=0) / factor(np.float64(total)), total


def hac_regression(change, control, value) -> tuple[float, float, float]:
    """Return (beta, HAC error, R squared) by statsmodels; without `control`, regress on the change alone."""
    import statsmodels.api as sm

    columns = [change] if control is None else [change, control]
    fit = sm.OLS(np.asarray(value), sm.add_constant(np.column_stack(columns))).fit(
        cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False})
    return fit.params[1], fit.bse[1], fit.rsquared


def weekly_rotation(relative: np.ndarray, days: list[date]) -> pd.DataFrame:
    """Return rs_ratio and rs_momentum of the last session of each week, by pandas."""
    rs = pd.Series(100 * np.exp(relative), index=pd.to_datetime(days)).groupby(
        [day - timedelta(days=day.weekday()) for day in days]).last()

    def z(x: pd.Series) -> pd.Series:
        return (x - x.rolling(14).mean()) / x.rolling(14).std()

    ratio = 100 + z(rs)
    return pd.DataFrame({"rs_ratio": ratio, "rs_momentum": 100 + z(ratio.pct_change(fill_method=None))})
