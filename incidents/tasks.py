"""Celery's names for the sweeps of incidents; the page of all sweeps is config/sweeps.py."""

from celery import shared_task

from incidents import overdue


@shared_task
def sweep_deadlines() -> int:
    """Notice broken promises. Every 5 seconds, so at most that late."""
    return overdue.miss_overdue()


@shared_task
def close_old() -> int:
    return overdue.close_old()
