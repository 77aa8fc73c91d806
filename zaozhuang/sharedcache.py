"""The cache that several servers share: Redis, without which pages are slower and never fail."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# Seconds after which a Redis that does not answer is given up.
PATIENCE = 1.0


class SharedCache(RedisCache):
    """Redis; while it is away it is as if it held nothing and kept nothing.

    What is counted in it (requests a minute) is then not limited, which is the better of two
    evils: nobody is refused because a cache is away. The log-in's lock is kept in the database.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = params.setdefault("OPTIONS", {})
        options.setdefault("socket_timeout", PATIENCE)
        options.setdefault("socket_connect_timeout", PATIENCE)
        super().__init__(server, params)

    def _forgiving(self, work: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return work()
        except RedisError as error:
            log.warning("The shared cache is away: %s", type(error).__name__)
            return otherwise

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> bool:
        work = super().add
        return bool(self._forgiving(lambda: work(key, value, timeout, version), True))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        work = super().get
        return self._forgiving(lambda: work(key, default, version), default)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        work = super().set
        self._forgiving(lambda: work(key, value, timeout, version), None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        work = super().touch
        return bool(self._forgiving(lambda: work(key, timeout, version), False))

    def delete(self, key: Any, version: Any = None) -> bool:
        work = super().delete
        return bool(self._forgiving(lambda: work(key, version), False))

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        work = super().get_many
        found: dict[Any, Any] = self._forgiving(lambda: work(keys, version), {})
        return found

    def has_key(self, key: Any, version: Any = None) -> bool:
        work = super().has_key
        return bool(self._forgiving(lambda: work(key, version), False))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        work = super().incr
        return int(self._forgiving(lambda: work(key, delta, version), delta))

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> list[Any]:
        work = super().set_many
        kept: list[Any] = self._forgiving(lambda: work(data, timeout, version), [])
        return kept

    def delete_many(self, keys: Any, version: Any = None) -> None:
        work = super().delete_many
        self._forgiving(lambda: work(keys, version), None)

    def clear(self) -> None:
        work = super().clear
        self._forgiving(work, None)
