"""Ask the mill of this container whether it is alive; the exit code is the answer.

usage: healthy.py PORT
"""

import http.client
import sys

TIMEOUT_S = 4.0
"""Less than the health check itself may take, so that there is time to say why."""


def healthy(port: int) -> str | None:
    """Tell what is wrong, or nothing."""
    # Not urllib: that would ask a proxy which the environment may name.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"http://127.0.0.1:{port}/health does not answer: {error or type(error).__name__}"
    finally:
        connection.close()
    return None if status == 200 else f"http://127.0.0.1:{port}/health answers {status}"


if __name__ == "__main__":
    wrong = healthy(int(sys.argv[1]))
    print(wrong or "alive")
    sys.exit(wrong is not None)
