-- The working database: append-only raw tables, and the audit of what was done.
--
-- Every raw row carries
--   known_at     when the world could first know it (UTC)
--   fetched_at   when we fetched it (UTC)
--   source       who said it; it is part of every key, so that one source's word corrects nothing of another's
--   pit_quality  vintage (a really observed release) | rule (the catalog's availability rule) | snapshot
--   run_id       the run that loaded it
-- and `is_withdrawn`: the source no longer says this value; such a row has NULL values.
-- There is no primary key: the load inserts only what differs from the latest row known, and a check proves it.

create schema if not exists raw;
create schema if not exists staging;
create schema if not exists core;
create schema if not exists marts;
create schema if not exists audit;

-- A New York wall-clock moment as UTC.
create or replace macro new_york(day, wall_clock) as
    timezone('UTC', timezone('America/New_York', day + wall_clock));

create table if not exists raw.price_bar (
    symbol varchar not null, date date not null,
    open double, high double, low double, close double, volume double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.price_bar is 'Daily bars as traded: neither split- nor dividend-adjusted.';

create table if not exists raw.corporate_action (
    symbol varchar not null, date date not null, kind varchar not null, value double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.corporate_action is 'By ex-date: split (new shares per old) and dividend (cash per as-traded share).';

create table if not exists raw.shares_outstanding (
    symbol varchar not null, date date not null, shares_outstanding double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.shares_outstanding is 'Share counts as the feed says them, a row where the feed gave one.';

create table if not exists raw.stated_share_count (
    symbol varchar not null, date date not null, shares_outstanding double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.stated_share_count is
    'Share counts as companies state them in their filings, by the day they date them; no source fills it yet.';

create table if not exists raw.macro_observation (
    series_id varchar not null, date date not null, value double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.macro_observation is 'Macro observations; a revised value is a further row with its own known_at.';

create table if not exists raw.statement_item (
    symbol varchar not null, statement varchar not null, period_end date not null, item varchar not null,
    value double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
alter table raw.statement_item add column if not exists currency varchar;
comment on table raw.statement_item is
    'Quarterly statement items under the source''s own item names; currency is NULL where it was not kept.';

create table if not exists raw.index_weight_list (
    index_code varchar not null, date date not null, published_on date not null, symbol varchar not null,
    weight double,
    is_withdrawn boolean not null, known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.index_weight_list is
    'Published lists of an index''s weights by security, as of the close of date; 0 to 1.';

-- The catalog as it was recorded: each load that finds it changed writes it whole. A part that can be without entries
-- is then one row of NULLs, so that an emptied part has a snapshot too.
create table if not exists raw.catalog_session (
    date date not null, open_at timestamp not null, close_at timestamp not null, fetched_at timestamp not null
);
create table if not exists raw.catalog_business_day (date date, fetched_at timestamp not null);
comment on table raw.catalog_business_day is
    'The days on which the Federal Reserve''s Board is open, which federal releases follow.';
create table if not exists raw.catalog_instrument (
    symbol varchar not null, name varchar not null, kind varchar not null, issuer varchar not null,
    share_class varchar, is_primary_line boolean not null, counts_whole_company boolean not null,
    gics_sector varchar, nasdaq_sector varchar, since date not null, until date, statements boolean not null,
    fetched_at timestamp not null
);
create table if not exists raw.catalog_universe (
    index_code varchar, title varchar, published_index varchar, is_primary boolean, fetched_at timestamp not null
);
create table if not exists raw.catalog_universe_member (
    index_code varchar, symbol varchar, valid_from date, valid_to date, fetched_at timestamp not null
);
create table if not exists raw.catalog_rebalance (
    index_code varchar, effective_date date, reference_date date, kind varchar, fetched_at timestamp not null
);
create table if not exists raw.catalog_weight_limit (
    index_code varchar, position integer, is_annual boolean, limited varchar,
    size double, above double, target double, others_at_most double, fetched_at timestamp not null
);
create table if not exists raw.catalog_basket (
    basket varchar, title varchar, role varchar, position integer, fetched_at timestamp not null
);
create table if not exists raw.catalog_basket_member (
    basket varchar, symbol varchar, valid_from date, valid_to date, fetched_at timestamp not null
);
create table if not exists raw.catalog_spinoff (
    symbol varchar, of_symbol varchar, ex_date date, per_share double, fetched_at timestamp not null
);
create table if not exists raw.catalog_series (
    series_id varchar, title varchar, unit varchar, frequency varchar,
    is_vintage boolean, fallback_for varchar, since date, stale_after_days integer,
    fetched_at timestamp not null
);

create table if not exists raw.catalog_source (
    source varchar, title varchar, priority integer, price_convention varchar, fetched_at timestamp not null
);
comment on table raw.catalog_source is
    'The services that are requested, in the order in which they are believed, and what their bars are.';
create table if not exists raw.catalog_availability (
    feed varchar not null, key varchar not null, rule varchar not null, lag integer, fetched_at timestamp not null
);
comment on table raw.catalog_availability is 'How the known_at of a key''s values follows from their date.';

create table if not exists raw.catalog_filer (
    symbol varchar, fiscal_year_end_month integer, category varchar, valid_from date, year_end_lag integer,
    fetched_at timestamp not null
);
comment on table raw.catalog_filer is
    'Days after a fiscal year''s end at which its last quarter is known, from valid_from on.';

-- What is estimated outside the build, once, so that a build only applies it.
create table if not exists raw.regime_model_fit (
    fitted_on date not null, first_return_on date, returns integer not null,
    mean_return double, calm_variance double, turbulent_variance double,
    calm_stay_probability double, turbulent_stay_probability double,
    log_likelihood double, turbulent_share double,
    is_accepted boolean not null, reason varchar not null, input_rows bigint not null,
    known_at timestamp not null, fetched_at timestamp not null,
    source varchar not null, pit_quality varchar not null, run_id varchar not null
);
comment on table raw.regime_model_fit is
    'Month-end fits of the two-state model of the Nasdaq''s daily log returns; of several for one day the last recorded stands.';

-- What was asked and what came: the memory of the planner and of audit.coverage.
create table if not exists raw.fetch_outcome (
    batch_id varchar not null, feed varchar not null, key varchar not null,
    asked_from date not null, asked_to date not null,
    status varchar not null, rows integer not null, reason varchar not null, fetched_at timestamp not null,
    run_id varchar not null
);
alter table raw.fetch_outcome add column if not exists covered_to date;
alter table raw.fetch_outcome add column if not exists source varchar;
alter table raw.fetch_outcome add column if not exists is_unknown_key boolean;
comment on table raw.fetch_outcome is
    'One row per key asked: received, empty, failed (the source), stopped (by validation) or held (contradicts its evidence).';
comment on column raw.fetch_outcome.source is 'Who was asked.';
comment on column raw.fetch_outcome.is_unknown_key is
    'Whether the source does not know the key; NULL in rows older than the column.';
comment on column raw.fetch_outcome.covered_to is
    'The last date of which the answer brought an accepted row; NULL without one, and in rows older than the column.';

create table if not exists raw.rejected_row (
    feed varchar not null, key varchar not null, date date, row_json varchar not null, reason varchar not null,
    batch_id varchar not null, fetched_at timestamp not null, run_id varchar not null
);
comment on table raw.rejected_row is
    'Rows that were kept out of the raw tables, whole, with the reason; a reason that begins with "held: " contradicts evidence.';

create table if not exists audit.batch (
    batch_id varchar not null, feed varchar not null, sha256 varchar not null, fetched_at timestamp not null,
    status varchar not null, rows_landed bigint not null, rows_loaded bigint not null,
    rows_quarantined bigint not null, run_id varchar not null, is_simulated boolean default false
);
alter table audit.batch add column if not exists is_simulated boolean default false;
comment on table audit.batch is 'Each landing folder that met its suite: loaded, or stopped by it.';
comment on column audit.batch.batch_id is 'Name of the landing folder.';
comment on column audit.batch.feed is 'What was asked: bars, shares, statements, observations or weights.';
comment on column audit.batch.sha256 is 'Digest of the landed files.';
comment on column audit.batch.fetched_at is 'When the source was asked (UTC).';
comment on column audit.batch.status is 'loaded, or stopped by its suite.';
comment on column audit.batch.rows_landed is 'Rows the source said.';
comment on column audit.batch.rows_loaded is 'Rows that were new or changed, and were appended.';
comment on column audit.batch.rows_quarantined is 'Rows kept out, each in audit.quarantine with its reason.';
comment on column audit.batch.run_id is 'The run that loaded it.';
comment on column audit.batch.is_simulated is 'Whether the source was a simulated market.';

create table if not exists audit.run (
    run_id varchar not null, command varchar not null, first_session date, last_session date,
    started_at timestamp not null, finished_at timestamp, status varchar not null, message varchar,
    request_key varchar
);
comment on table audit.run is
    'Runs of the pipeline; status running, completed, incomplete, failed, refused or interrupted.';
comment on column audit.run.run_id is 'The command and a random tail.';
comment on column audit.run.command is 'run, backfill, build or refresh.';
comment on column audit.run.first_session is 'First date of the range asked; NULL for a build.';
comment on column audit.run.last_session is 'Last date of the range asked; NULL for a build.';
comment on column audit.run.started_at is 'When it had the writer''s turn (UTC).';
comment on column audit.run.finished_at is 'When it ended (UTC); NULL while it runs, and for an interrupted one.';
comment on column audit.run.status is
    'running, completed, incomplete (published, and something is missing), failed, refused (what was asked cannot be), or interrupted.';
comment on column audit.run.message is 'What is missing or went wrong, in the words of the error.';
comment on column audit.run.request_key is
    'Digest of what was asked, by which a second click is known; NULL on the command line, and where a key failed.';

create table if not exists audit.validation_result (
    run_id varchar not null, batch_id varchar not null, suite varchar not null, expectation varchar not null,
    severity varchar not null, success boolean not null, observed varchar, unexpected_rows bigint not null
);
comment on table audit.validation_result is 'Every expectation of every batch: severity stop, quarantine or warn.';
comment on column audit.validation_result.run_id is 'The run that asked.';
comment on column audit.validation_result.batch_id is 'The landing folder that was judged.';
comment on column audit.validation_result.suite is 'The suite of its feed.';
comment on column audit.validation_result.expectation is 'What was expected, with its bounds.';
comment on column audit.validation_result.severity is 'stop, quarantine or warn.';
comment on column audit.validation_result.success is 'Whether it held.';
comment on column audit.validation_result.observed is 'What was seen, shortened; NULL where there is nothing to show.';
comment on column audit.validation_result.unexpected_rows is 'Rows that broke it.';

create table if not exists audit.publication (
    build_id varchar not null, published_at timestamp not null, as_of timestamp not null,
    recorded_by timestamp not null, code_version varchar not null, catalog_hash varchar not null,
    is_simulated boolean not null, run_id varchar not null,
    raw_rows map(varchar, bigint) not null, table_hashes map(varchar, varchar) not null, is_current boolean not null,
    is_present boolean default true
);
alter table audit.publication add column if not exists is_present boolean default true;
comment on table audit.publication is 'Every publication: what it was made from, and a hash of each table.';
comment on column audit.publication.build_id is 'as_of and a digest of the tables: the name of the kept file.';
comment on column audit.publication.published_at is 'When it became current (UTC).';
comment on column audit.publication.as_of is 'What the world could know by then is in it (UTC).';
comment on column audit.publication.recorded_by is 'What had been fetched by then is in it (UTC).';
comment on column audit.publication.code_version is 'Package version and a digest of every model.';
comment on column audit.publication.catalog_hash is 'Digest of the catalog.';
comment on column audit.publication.is_simulated is 'Whether any of it is a simulated market.';
comment on column audit.publication.run_id is 'The run that built it.';
comment on column audit.publication.raw_rows is 'Rows of each raw table at the build.';
comment on column audit.publication.table_hashes is
    'A digest of the rows of each mart and core table, whatever their order.';
comment on column audit.publication.is_current is 'Whether this file is that build.';
comment on column audit.publication.is_present is
    'Whether no moment was asked: the present of its run, with which the next one is compared.';

create table if not exists audit.publication_check (
    run_id varchar not null, checked_at timestamp not null, check_name varchar not null, severity varchar not null,
    place varchar, observed double, bound double, is_passed boolean not null, sentence varchar,
    accepted_reason varchar, accepted_by varchar
);
comment on table audit.publication_check is
    'Every check of every build before it was published: what lay above its bound, or else what came nearest to it.';
comment on column audit.publication_check.run_id is 'The run that built it.';
comment on column audit.publication_check.checked_at is 'When the checks were asked (UTC).';
comment on column audit.publication_check.check_name is 'The check''s name.';
comment on column audit.publication_check.severity is
    'What a finding does: withhold (nothing is published), incomplete (published, and the run says what is missing) or report.';
comment on column audit.publication_check.place is
    'Where it was measured: a session, an index, a weighting, a company or a table; NULL where there was nothing to measure.';
comment on column audit.publication_check.observed is 'What was measured, in the unit of the check.';
comment on column audit.publication_check.bound is 'The most that passes.';
comment on column audit.publication_check.is_passed is 'Whether observed was within its bound.';
comment on column audit.publication_check.sentence is 'What was found, in one sentence; NULL where the check passed.';
comment on column audit.publication_check.accepted_reason is
    'Why a person had it published all the same; NULL where nobody did.';
comment on column audit.publication_check.accepted_by is 'Who that was: the user of the process that published.';

create table if not exists audit.revision (
    found_at timestamp not null, run_id varchar not null, previous_build_id varchar not null,
    mart varchar not null, key varchar not null, date date, column_name varchar not null, old varchar, new varchar,
    cause varchar not null, evidence varchar, is_signal boolean not null
);
comment on table audit.revision is
    'Every cell of a past row that changed since the publication before, and every past row that is new or gone: old, new, and why.';
comment on column audit.revision.found_at is 'When the publication that says it differently was made (UTC).';
comment on column audit.revision.run_id is 'The run of that publication.';
comment on column audit.revision.previous_build_id is 'The publication it is compared with.';
comment on column audit.revision.mart is 'Table of the changed row.';
comment on column audit.revision.key is 'The row''s key as JSON.';
comment on column audit.revision.date is 'Session or period of the row; NULL where its table has none.';
comment on column audit.revision.column_name is 'The changed column, or (row) for a whole row that came or is gone.';
comment on column audit.revision.old is 'The cell before, as text; NULL for a missing value.';
comment on column audit.revision.new is 'The cell now, as text; NULL for a missing value.';
comment on column audit.revision.cause is
    'late data, correction, split, dividend, macro vintage, membership, catalog, code, or unexplained.';
comment on column audit.revision.evidence is
    'The raw row that became visible in between; of several, the nearest one that can be the cause.';
comment on column audit.revision.is_signal is 'Whether a regime''s label flipped.';
