# Generated from _async by generate_sync.py; edit there, then run that.
"""Sends a call as often as it takes, and reads what comes back."""

import logging
from collections.abc import Iterator
from random import random
from time import sleep
from typing import Any, TypeVar

import httpx2

from spreekuur._request import Answer, Call, Outcome, failure, pause_before_retry, read
from spreekuur.models import Page

T = TypeVar("T")
log = logging.getLogger("spreekuur")


class Sender:
    """One address, one key, and how patient to be with them."""

    def __init__(
        self,
        http: httpx2.Client,
        *,
        base_url: str,
        api_key: str | None,
        timeout: float,
        max_retries: int,
    ) -> None:
        self.http = http
        self.base_url = base_url.rstrip("/")
        self.api_key = api_key
        self.timeout = timeout
        self.max_retries = max_retries

    def send(self, call: Call[T]) -> T:
        """Return the answer to *call*, which is repeated while that is safe and may help."""
        done = 0
        while True:
            outcome = self._exchange(call)
            pause = pause_before_retry(
                call,
                outcome,
                done=done,
                retries=self.max_retries,
                chance=random(),  # noqa: S311  # spreads load, guards nothing
            )
            if pause is None:
                return read(call, outcome, repeated=done > 0)
            sleep(pause)
            done += 1

    def items(self, call: Call[Page[T]]) -> Iterator[T]:
        """Yield every item of a list, page after page."""
        while True:
            page = self.send(call)
            yield from page.items
            if page.next_cursor is None:
                return
            call = call.at(page.next_cursor)

    def _exchange(self, call: Call[Any]) -> Outcome:
        request = self.http.build_request(
            call.method,
            self.base_url + call.path,
            params=call.query or None,
            content=call.content,
            headers=call.headers(self.api_key),
            timeout=self.timeout,
        )
        try:
            response = self.http.send(request)
        except httpx2.RequestError as error:
            log.debug("%s %s got no answer: %s", call.method, call.route, type(error).__name__)
            return failure(error)
        answer = Answer(response.status_code, response.headers, response.content)
        log.debug("%s %s %s %s", call.method, call.route, answer.status, answer.request_id)
        return answer
