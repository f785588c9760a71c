/*
statement = "Banks, industrials, real estate and energy are capital-intensive, rate-sensitive and margin-fragile"
lower = 4
and_also = "a median capital expenditure per revenue above technology's, over at least three companies of these sectors"
otherwise = "as to rates, for three of the four"
shown_by = """\
select date, asset, rate_beta_126d, rate_beta_126d_standard_error, pairs from marts.rate_beta_daily where asset in \
('xlf', 'xli', 'xlre', 'xle', 'xlk') order by date desc, asset limit 5"""
*/
-- How many of XLF, XLI, XLRE and XLE lose more on a rise of the ten-year yield than XLK, by two standard errors of the
-- difference, with the S&P 500 held fixed; and what the companies of these sectors spend on capital.
with beta as (
    select date, asset, rate_beta_126d as beta, rate_beta_126d_standard_error as error
    from marts.rate_beta_daily
    where asset in ('xlf', 'xli', 'xlre', 'xle', 'xlk') and rate_beta_126d_standard_error is not null
), newest as (
    select date, max(struct_pack(beta, error)) filter (asset = 'xlk') as technology from beta
    group by date having count(*) = 5 order by date desc limit 1
), compared as (
    select count(*) filter (beta - technology.beta < -2 * sqrt(error ** 2 + technology.error ** 2)) as sensitive,
        any_value(date) as date, string_agg(format('{} {:+.1f} ({:.1f})', upper(asset), 1e4 * beta, 1e4 * error), ', '
            order by asset) as figures
    from beta join newest using (date)
), spent as (
    select instrument.gics_sector = 'Information Technology' as is_technology,
        operating_leverage_quarterly.capex_to_revenue
    from marts.operating_leverage_quarterly
    join core.instrument on instrument.symbol = operating_leverage_quarterly.issuer
    where instrument.gics_sector in ('Information Technology', 'Financials', 'Industrials', 'Real Estate', 'Energy')
    qualify row_number() over (partition by operating_leverage_quarterly.issuer
        order by operating_leverage_quarterly.period_end desc) = 1
), capital as (
    select count(capex_to_revenue) filter (not is_technology) as companies,
        median(capex_to_revenue) filter (not is_technology) as physical,
        median(capex_to_revenue) filter (is_technology) as technology
    from spent
)
select
    sensitive as observed,
    companies >= 3 and coalesce(physical > technology, false) as holds,
    sensitive = 3 as holds_otherwise,
    format('Percent per point of rise in the ten-year yield, 126 sessions to {}, standard error in brackets: {}. '
        || 'Capital expenditure per revenue: {} companies of the four sectors have statements{}; how their margins '
        || 'hold is not measured.',
        date, figures, companies, coalesce(
            format(', median {:.1f} % against technology''s {:.1f} %', 100 * physical, 100 * capital.technology), ''))
        as evidence
from compared, capital
where date is not null
