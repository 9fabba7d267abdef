# The service as an image. The sources run as they are (Node strips the types), so there is nothing to build.
FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
# Without the optional Node of npm scripts: the image has its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY bin bin
COPY src src
COPY registry-fixtures/osv registry-fixtures/osv
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production EXPORT_CENTER_DATA=/data
USER node
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "bin/export-center.js"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
