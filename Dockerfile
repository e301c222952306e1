# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# Installs, builds, and leaves what a node needs to run.
RUN npm ci && npm prune --omit=dev

FROM node:24-bookworm-slim
# What isolates system.run; it needs user namespaces, which a container must be given. Without them the tool is refused.
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node -m 0700 /var/lib/flockwork
USER node
ENV FLOCKWORK_DATA_DIR=/var/lib/flockwork NODE_ENV=production
ENTRYPOINT ["node", "/app/bin/flockwork.cjs"]
CMD ["start"]
