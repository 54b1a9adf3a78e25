using Foresight.Api.Documents;

namespace Microsoft.AspNetCore.Builder;

public static class OpenApiExtensions
{
    public static WebApplicationBuilder AddDocument(this WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer<DocumentTransformer>());
        return builder;
    }

    public static WebApplication MapDocument(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        return app;
    }
}
