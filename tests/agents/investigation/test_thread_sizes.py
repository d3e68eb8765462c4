"""A thread with 20 results of 30 kB stays within four times its evidence on Postgres too, also while it grows."""

import psycopg

from azure_devops_evals.benchmarks.service import stub
from azure_devops_evals.benchmarks.threads import measure_thread


def test_a_thread_of_twenty_large_results_stays_small_on_postgres(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection, stub() as service:

        def count_bytes():
            [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            return size

        empty = count_bytes()
        sizes = measure_thread(service, lambda: count_bytes() - empty, database=postgres_url)
    ratios = sizes.left / sizes.evidence, sizes.largest / sizes.evidence
    print("Postgres: {:.2f} at the end, {:.2f} at the peak".format(*ratios))
    assert 0 < ratios[0] <= ratios[1] <= 4, ratios
