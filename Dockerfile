# The image of the sidecar. To pin the base by content as well:
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:<digest> .
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE}

WORKDIR /app

# No package of ours needs an install script, and the optional ones are a Node binary for older machines.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
 && npm cache clean --force

# The heap is kept small: its young generation would grow to 50 MB that a log reader has no use for, and its old one to
# several times what lives in it before anything is collected (2 million lines: 262 MB against 154-179 MB).
# State, backups and log have their folders also where nothing is mounted.
RUN printf '%s\n' '#!/bin/sh' \
      'exec node --max-semi-space-size=4 --heap-growing-percent=50 --disable-warning=ExperimentalWarning /app/sidecar/cli.ts "$@"' \
      > /usr/local/bin/auto-fix \
 && chmod 755 /usr/local/bin/auto-fix \
 && mkdir -p /var/lib/auto-fix/backups /app/logs

COPY patterns/ patterns/
COPY sidecar/ sidecar/

# Compiled code of every module and the patterns checked, so that a start does neither again. Fails on a module that cannot be loaded.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compiled
RUN sed 's|/app/sidecar/cli.ts.*|/app/sidecar/compile-ahead.ts|' /usr/local/bin/auto-fix | sh && auto-fix --help > /dev/null

# Runs as root, because session folders are root-owned on the usual stack; docker-compose.override.yml drops every
# capability but the four that restoring owners and modes needs.

# There is no curl here, and a Node process for every look would cost more than the sidecar does when it idles.
HEALTHCHECK --interval=10s --timeout=10s --start-period=20s --retries=3 CMD ["/bin/bash", "-c", "\
  listen=${AUTO_FIX_HTTP:-9465}; [ \"$listen\" = off ] && exit 0; \
  exec 3<>/dev/tcp/127.0.0.1/${listen##*:} || exit 1; \
  printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; \
  read -r -t 8 _ status _ <&3; [ \"$status\" = 200 ]"]

CMD ["auto-fix", "run"]
