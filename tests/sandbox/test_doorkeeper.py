"""A page of somebody else must not play people in the sandbox."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import World


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example"}, 403),
    ],
)
async def test_who_may_use_the_control_api(world: World, headers: dict[str, str], status: int) -> None:
    url = f"{world.sandbox.url}/sandbox/people"
    async with world.http.get(url, headers=headers) as response:
        assert response.status == status


async def test_the_sandboxs_own_page_may(world: World) -> None:
    url = f"{world.sandbox.url}/sandbox/people"
    async with world.http.get(url, headers={"Origin": world.sandbox.url}) as response:
        assert response.status == 200


async def test_the_page_is_asked_for_anew(world: World) -> None:
    async with world.http.get(f"{world.sandbox.url}/page/app.js") as response:
        assert response.status == 200
        assert response.headers["cache-control"] == "no-cache"
