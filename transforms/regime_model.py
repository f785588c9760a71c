"""The two-state model of the Nasdaq Composite's daily log returns, fitted at every month-end outside the build.

Returns are normal with one mean. Their variance is that of a calm or a turbulent state, and the state follows a Markov
chain (Hamilton 1989; statsmodels' MarkovRegression). A fit uses only what was known at its month-end, so it does not
matter when it is computed. A build then only filters with the newest fit known by each day.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib.metadata import version
from math import log
from typing import TYPE_CHECKING, Any

import duckdb

from transforms.engine.build import AsOf, make, set_as_of
from transforms.engine.project import Model, models
from warehouse.data_folder import SCHEMA
from warehouse.fits import Fit, MonthEnd, append, unfitted

if TYPE_CHECKING:
    import numpy as np

SYMBOL = "^IXIC"
# At most ten years of returns, at least two.
MOST, LEAST = 2520, 504
# Significant digits kept of a parameter: in these the maximum does not depend on the starting point of the search.
DIGITS = 7
# A state that is the more likely one on a smaller fraction of the window describes a few days, not a state.
LEAST_SHARE = 0.05
# The number of random starting points around ours, and of expectation-maximization steps for each.
STARTS, STEPS, SEED = 3, 5, 1989
# Whether a row about a session up to a month-end became known later: a bar, or the second source's value if there is none.
CAME_LATER = """
    select exists (
        from (from raw.price_bar select date, known_at union all from raw.macro_observation select date, known_at
              where date not in (select date from raw.price_bar))
        where date <= $date and known_at > $then and known_at <= $told)"""


def fit_missing(con: duckdb.DuckDBPyConnection, start: date | None, now: datetime, run_id: str,
                say: Callable[[str], None], progress: Callable[[str], None] = lambda month: None) -> int:
    """Fit and record the month-ends that need it, from the one in force on `start` on; return their number.

    `warehouse.fits.unfitted` selects them. Without `start` it considers only months not older than the first fit.
    """
    due = unfitted(con, SYMBOL, start, now)
    if not due:
        return 0
    say(f"fitting the regime model for {len(due)} month-end{'s' if len(due) > 1 else ''}")
    fits = []
    for month, days, returns in returns_known(con, due, now):
        progress(f"regime model of {month.date}")
        fits.append(fit(month, days, returns))
    return append(con, fits, f"statsmodels {version('statsmodels')}", run_id, now)


def fit(month: MonthEnd, days: list[date], returns: np.ndarray) -> Fit:
    """Fit the model at a month-end to daily log returns and their sessions, oldest first, all known at that time.

    The fit is rejected with a reason if there are too few returns, the returns do not vary, no maximum is found, the
    expected duration of a state is longer than the window, or a state is visited on under 5 % of the window.
    """
    days, returns = days[-MOST:], returns[-MOST:]
    about = {"fitted_on": month.date, "first_return_on": days[0] if days else None, "returns": len(days),
             "input_rows": month.input_rows, "known_at": month.known_at}
    nothing = dict.fromkeys(("mean_return", "calm_variance", "turbulent_variance", "calm_stay_probability",
                             "turbulent_stay_probability", "log_likelihood", "turbulent_share"))
    if len(days) < LEAST:
        return Fit(**about, **nothing, is_accepted=False, reason=f"{len(days)} returns, {LEAST} are needed")
    if not returns.max() > returns.min():
        return Fit(**about, **nothing, is_accepted=False, reason="the returns do not vary")
    found = _maximise((returns - returns.mean()) / returns.std())
    if found is None:
        return Fit(**about, **nothing, is_accepted=False, reason="no maximum of the likelihood was found")
    stay, variance, mean, likelihood, share = found
    scale = returns.std()
    figures = {"mean_return": returns.mean() + scale * mean,
               "calm_variance": scale**2 * variance[0], "turbulent_variance": scale**2 * variance[1],
               "calm_stay_probability": stay[0], "turbulent_stay_probability": stay[1],
               "log_likelihood": likelihood - len(days) * log(scale), "turbulent_share": share}
    figures = {name: float(f"{figure:.{DIGITS}g}") for name, figure in figures.items()}
    reason = fault(figures, len(days))
    return Fit(**about, **figures, is_accepted=not reason, reason=reason)


def _maximise(returns: np.ndarray) -> tuple | None:
    """Fit standardized returns: stay probabilities and variances (calm, turbulent), mean, log-likelihood, turbulent share.

    Returns None if the optimizer does not converge to finite numbers.
    """
    import numpy as np
    from statsmodels.tools.sm_exceptions import ModelWarning
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    model: Any = MarkovRegression(returns, k_regimes=2, trend="c", switching_trend=False, switching_variance=True)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ModelWarning)
        try:
            # The trust-region Newton method ends at the exact maximum from any start, and takes as long as BFGS.
            result = model.fit(start_params=[0.98, 0.05, 0.0, 0.5, 2.5], search_scale=[4, 4, 0.1, 0.5, 1.5],
                               search_reps=STARTS, search_iter=STEPS, em_iter=2 * STEPS, rng=SEED, cov_type="none",
                               method="minimize", min_method="trust-exact", gtol=1e-7)
        except (np.linalg.LinAlgError, ValueError):
            # An unbounded likelihood or non-finite steps: record the rejected fit and continue with the next month.
            return None
    calm_stay, leaves_turbulence, mean, *variance = result.params
    stay, variance = np.array([calm_stay, 1 - leaves_turbulence]), np.array(variance)
    if not (result.mle_retvals["converged"] and np.isfinite(result.params).all() and np.isfinite(result.llf)):
        return None
    # statsmodels returns the states in any order; the turbulent one has the larger variance.
    order = np.argsort(variance)
    share = (result.filtered_marginal_probabilities[:, order[1]] > 0.5).mean()
    return stay[order], variance[order], mean, result.llf, share


def fault(figures: dict[str, float], returns: int) -> str:
    """Return why a fit does not describe two states, or an empty string if it does."""
    for state in ("calm", "turbulent"):
        if (1 - figures[f"{state}_stay_probability"]) * returns < 1:
            return f"the {state} state is expected to last longer than the window"
    share = figures["turbulent_share"]
    if min(share, 1 - share) < LEAST_SHARE:
        state = "turbulent" if share < LEAST_SHARE else "calm"
        return f"the {state} state is visited on under {LEAST_SHARE:.0%} of the window"
    return ""


def returns_known(con: duckdb.DuckDBPyConnection, months: list[MonthEnd],
             now: datetime) -> Iterator[tuple[MonthEnd, list[date], np.ndarray]]:
    """Yield each month with the sessions and log returns of the index, as the models compute them as of that month-end.

    The models run on a warehouse in memory that holds only this index. The result of a newer month-end is reused for an
    older one, unless a row about the older sessions became known in between. Then the models run again.
    """
    import numpy as np

    needed = _upstream("core.index_level")
    with duckdb.connect() as small:
        small.execute(SCHEMA.read_text())
        for table in sorted({t for model in needed for t in model.reads if t.startswith("raw.")}):
            small.register("rows", con.execute(f"from {table} where {_only(con, table)}", {"symbol": SYMBOL}).df())
            small.execute(f"insert into {table} from rows")
        known_at = None
        for month in reversed(months):
            since = {"date": month.date, "then": month.known_at, "told": known_at}
            if known_at is None or small.execute(CAME_LATER, since).fetchone() == (True,):
                known_at = month.known_at
                set_as_of(small, AsOf(known_at, now))
                for model in needed:
                    make(small, model)
            answer = small.execute("""
                select date, log_return from core.index_level
                where symbol = ? and date <= ? and log_return is not null order by date""", [SYMBOL, month.date])
            days, returns = (np.asarray(column) for column in answer.fetchnumpy().values())
            yield month, days.astype("datetime64[D]").tolist(), returns


def _upstream(name: str) -> list[Model]:
    """Return the model and all models it reads, directly or indirectly, in build order."""
    wanted, found = {name}, []
    for model in reversed(models()):
        if model.name in wanted:
            wanted |= model.reads
            found.append(model)
    return found[::-1]


def _only(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return an SQL condition for the index's rows of a raw table; it is true for all rows of other tables."""
    columns = {row[0] for row in con.execute(f"describe {table}").fetchall()}
    if "symbol" in columns:
        return "symbol = $symbol"
    if table == "raw.macro_observation":
        return "series_id in (select series_id from raw.catalog_series where fallback_for = $symbol)"
    return "$symbol = $symbol"
