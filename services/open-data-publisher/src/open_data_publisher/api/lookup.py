"""Finds what a request speaks of; what is not public does not exist."""

from __future__ import annotations

from fastapi import Request

from open_data_publisher.domain.policy import Dataset
from open_data_publisher.domain.publication import Publication
from stadttakt_runtime.http.problem import Problem


def publication_of(request: Request) -> Publication:
    """Return how the city publishes."""
    publication: Publication = request.app.state.publication
    return publication


def public_datasets(request: Request) -> list[Dataset]:
    """Return the datasets that the policy names and whose source is there."""
    present: set[str] = request.app.state.present
    return [
        dataset
        for dataset_id, dataset in publication_of(request).policy.datasets.items()
        if dataset_id in present
    ]


def find_dataset(request: Request, dataset_id: str) -> Dataset:
    """Return a public dataset; raises the problem 404."""
    for dataset in public_datasets(request):
        if dataset.dataset_id == dataset_id:
            return dataset
    raise Problem(
        f"There is no public dataset {dataset_id[:100]}",
        status=404,
        code="unknown_dataset",
        title="No such dataset",
    )
