import Dockerode from 'dockerode';

/**
 * An engine on which only one Compose project is to be seen. The newcomer's own gateways may run on the same engine
 * under the same service names; a demo has no business with them.
 */
export function oneProject(socketPath: string, project: string): Dockerode {
  const docker = new Dockerode({ socketPath });
  const dial = docker.modem.dial.bind(docker.modem);
  const filters = JSON.stringify({ label: [`com.docker.compose.project=${project}`] });
  docker.modem.dial = (request, done) => dial(request.path?.startsWith('/containers/json') ? { ...request, options: { ...(request.options as object), filters } } : request, done);
  return docker;
}
