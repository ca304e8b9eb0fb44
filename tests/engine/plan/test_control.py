"""The control group: the same in Python and in SQL, of the right size, and another one for each trigger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, literal, select
from sqlalchemy.orm import Session

from engine.plan.control import in_control, in_control_sql
from engine.storage.models import Customer
from engine.storage.session import Database
from tests.engine.builders import make_customer

BUCKETS = st.integers(0, 2**31 - 1)
# A Weyl sequence: spread evenly, without a random number.
MANY = [n * 2_654_435_761 % (2**31 - 1) for n in range(20_000)]


def test_python_and_sql_draw_the_same(session: Session) -> None:
    """For buckets at both ends and between, and shares from nothing to half."""
    for bucket in [0, 1, 2**31 - 2, 2**31 - 1, *MANY[:40]]:
        make_customer(session, bucket=bucket, consent=False)
    for salt in ("", "a", "ümlaut"):
        for share in (0.0, 0.0001, 0.1, 0.5):
            in_sql = set(session.scalars(select(Customer.bucket).where(in_control_sql(Customer.bucket, salt, share))))
            everybody = session.scalars(select(Customer.bucket)).all()
            assert in_sql == {bucket for bucket in everybody if in_control(bucket, salt, share)}


@pytest.mark.databases("sqlite")
def test_no_product_outgrows_the_database(db: Database) -> None:
    """SQLite would turn a number beyond 63 bits into a float, and draw somebody else."""
    with db.reading() as session:

        @given(bucket=BUCKETS, salt=st.text(max_size=20), share=st.floats(0, 0.5))
        def agree(bucket: int, salt: str, share: float) -> None:
            in_sql = session.scalar(select(in_control_sql(literal(bucket, BigInteger), salt, share)))
            assert bool(in_sql) is in_control(bucket, salt, share)

        agree()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_share_is_kept(share: float) -> None:
    """Within half a percent of all customers."""
    drawn = sum(in_control(bucket, "salt", share) for bucket in MANY) / len(MANY)
    assert abs(drawn - share) < 0.005


def test_two_triggers_leave_out_different_customers() -> None:
    """Of those whom one leaves out the other leaves out its share, and not all or none."""
    first = [bucket for bucket in MANY if in_control(bucket, "one", 0.1)]
    both = [bucket for bucket in first if in_control(bucket, "two", 0.1)]
    assert 0.05 < len(both) / len(first) < 0.15


def test_a_larger_share_keeps_those_who_were_in_the_smaller_one() -> None:
    """Marketing may grow the group without mixing it."""
    assert all(in_control(bucket, "salt", 0.2) for bucket in MANY if in_control(bucket, "salt", 0.1))
