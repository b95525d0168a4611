# JupyterLab alone. `build.sh` gives the arguments; `settings` stays in the first stage.
ARG BASE
FROM $BASE AS build
COPY settings /settings
ENV APT_CONFIG=/settings/apt.conf PIP_CONFIG_FILE=/settings/pip.conf DEBIAN_FRONTEND=noninteractive
RUN apt-get -q update && apt-get -q -y install python3-venv
ARG JUPYTERLAB
RUN python3 -m venv /opt/jupyter && /opt/jupyter/bin/pip install --quiet --no-compile "jupyterlab==$JUPYTERLAB"
# It neither asks for news nor offers extensions from a registry.
RUN /opt/jupyter/bin/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements \
    && /opt/jupyter/bin/jupyter labextension disable --level=sys_prefix @jupyterlab/extensionmanager-extension \
    && find /opt/jupyter -name '*.map' -delete \
    && rm -rf /opt/jupyter/lib/python3*/site-packages/pip /opt/jupyter/bin/pip*

FROM $BASE
COPY --from=build /opt/jupyter /opt/jupyter
COPY deed-lab /usr/local/bin/deed-lab
RUN ln -s /opt/jupyter/bin/jupyter* /usr/local/bin/ && /usr/sbin/useradd --uid 1000 --user-group --create-home --shell /bin/bash coder
ENV SHELL=/bin/bash
USER 1000:1000
WORKDIR /home/coder
CMD ["sleep", "infinity"]
