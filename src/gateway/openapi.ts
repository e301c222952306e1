import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import type { HttpApp } from './http.ts';

/**
 * The OpenAPI document of the routes, as an app of its own tells it that never listens. Made when somebody asks for it: what makes it
 * would be a tenth of the time and of the memory that the service starts with.
 */
export async function openApiDocument(version: string, addRoutes: (app: HttpApp) => void): Promise<unknown> {
  const [{ default: fastify }, { default: swagger }, { jsonSchemaTransform }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
    import('fastify-type-provider-zod'),
  ]);
  const app: HttpApp = fastify({ logger: false, exposeHeadRoutes: false });
  app.setValidatorCompiler(nothingCompiled);
  app.setSerializerCompiler(nothingSerialised);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Flockwork', version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }, {}],
    },
    transform: jsonSchemaTransform,
  });
  await app.register((scope: HttpApp, _options, done) => {
    addRoutes(scope);
    done();
  });
  await app.ready();
  return app.swagger();
}

const nothingCompiled: FastifySchemaCompiler<unknown> = () => () => true;
const nothingSerialised: FastifySerializerCompiler<unknown> = () => JSON.stringify;
