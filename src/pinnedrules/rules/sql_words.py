"""Words of SQL: those that begin a statement that changes something, and functions that do nothing but compute.

Sources: ISO/IEC 9075-2, and the manuals of PostgreSQL 18, MySQL 9, SQLite 3, SQL Server 2025 (statements, functions).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["HARMLESS", "STARTERS", "WORDS_OF"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STARTERS = _set("""
    alter attach backup bulk call copy create dbcc deallocate declare delete deny detach do drop dumpfile exec
    execute grant handler insert into kill load lo_export lo_import lo_unlink merge openquery openrowset
    opendatasource outfile pragma prepare reconfigure rename replace restore revoke sp_executesql sp_oacreate
    shutdown truncate update upsert vacuum waitfor xp_cmdshell xp_regwrite xp_dirtree
""")
"""Words that begin a statement, or a part of one, that changes something."""

WORDS_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "insert": _set("insert into replace do"),
        "update": _set("update"),
        "delete": _set("delete"),
        "merge": _set("merge into insert update delete do"),
        "create": _set("create replace into delete update"),
        "alter": _set("alter rename drop delete update"),
        "drop": _set("drop"),
        "truncate": _set("truncate"),
        "grant": _set("grant insert update delete truncate execute create alter drop"),
        "revoke": _set("revoke grant insert update delete truncate execute create alter drop"),
    }
)
"""The words of those that a statement of each kind may have."""

HARMLESS = _set("""
    abs acos age any_value array_agg array_length array_position array_to_json array_to_string ascii asin atan atan2
    avg bin bit_and bit_length bit_or bool_and bool_or btrim cardinality ceil ceiling char char_length
    character_length charindex chr clock_timestamp coalesce concat concat_ws convert_tz corr cos cot count covar_pop
    covar_samp cume_dist curdate current_database current_date current_schema current_time current_timestamp
    current_user curtime database date date_add date_bin date_format date_part date_sub date_trunc dateadd datediff
    datename datepart datetime day dayname dayofmonth dayofweek dayofyear db_name decode degrees dense_rank div
    encode every exp extract field find_in_set first_value floor format format_type from_days from_unixtime
    gen_random_uuid generate_series getdate getutcdate glob greatest group_concat hex hour ifnull iif initcap instr
    isnull isnumeric json json_agg json_array json_array_elements json_array_elements_text json_array_length
    json_arrayagg json_build_array json_build_object json_contains json_each json_each_text json_extract
    json_extract_path json_extract_path_text json_group_array json_group_object json_keys json_length json_object
    json_object_agg json_object_keys json_objectagg json_query json_quote json_search json_set json_table json_tree
    json_type json_typeof json_unquote json_valid json_value jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query
    jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof julianday justify_days justify_hours lag last_day
    last_value lcase lead least left len length like likely ln localtime localtimestamp locate log log10 log2 lower
    lpad ltrim make_date make_interval make_time make_timestamp makedate maketime max md5 mid min minute mod mode
    month monthname newid now nth_value ntile nullif num_nonnulls num_nulls nvl nvl2 object_id oct octet_length ord
    overlay parse_date parse_timestamp patindex percent_rank percentile_cont percentile_disc pg_database_size
    pg_get_constraintdef pg_get_indexdef pg_get_viewdef pg_relation_size pg_size_pretty pg_table_size
    pg_total_relation_size pg_typeof phrase_to_tsquery phraseto_tsquery pi plainto_tsquery position pow power printf
    quarter quote quote_ident quote_literal quotename radians rand random rank regexp_count regexp_extract
    regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
    regexp_substr repeat replace replicate reverse right round row_number row_to_json rpad rtrim safe_divide schema
    second sha1 sha2 sha256 sign similarity sin soundex space split split_part sqrt statement_timestamp stddev
    stddev_pop stddev_samp str str_to_date strcmp strftime string_agg string_split string_to_array strpos stuff
    substr substring substring_index subdate sum sysdate sysdatetime sysutcdatetime system_user tan time time_bucket
    time_format timediff timefromparts timeofday timestamp timestampadd timestampdiff to_ascii to_char to_date
    to_days to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector total transaction_timestamp
    translate trim trunc truncate try_cast try_convert ts_headline ts_rank ts_rank_cd typeof ucase unhex unicode
    unistr unix_timestamp unnest upper user utc_date utc_timestamp uuid var_pop var_samp variance version week
    weekday weekofyear width_bucket year yearweek zeroblob
""")
"""Functions that compute what they return and do nothing else."""
