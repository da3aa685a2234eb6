"""One process that asks a name server: `python -m tests.lookups.pace_asker PORT COUNT`.

Says how the questions ended, as JSON by outcome.
"""

import asyncio
import collections
import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


async def ask(port: int, count: int) -> dict[str, int]:
    import dns.name

    from lookups.engine.resolver import Resolver, ResolverSettings
    from lookups.engine.transport import Server, Transport
    from lookups.pace import Pace

    server = Server("127.0.0.1", port)
    known = ResolverSettings((server,), query_timeout=3.0, max_queries=count)
    transport = Transport(Pace(lambda host: False))
    resolver = Resolver(known, transport)
    names = (dns.name.from_text(f"n{number}.pid{os.getpid()}.test") for number in range(count))
    ended = await asyncio.gather(*(resolver.exchange(name, "A") for name in names))
    resolver.close()
    transport.close()
    return dict(collections.Counter(each.outcome.value for each in ended))


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(asyncio.run(ask(int(sys.argv[1]), int(sys.argv[2])))))
