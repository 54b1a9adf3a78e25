using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Foresight.Api.Documents;

/// <summary>
/// Routes cannot express the description of the API or the bearer scheme of admin routes, so both are added to the document here.
/// </summary>
public sealed class DocumentTransformer : IOpenApiDocumentTransformer
{
    private const string AdminKey = "adminKey";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Foresight",
            Version = "v1",
            Description =
                "Orders are signed by their makers (EIP-712), matched off chain and settled on chain. Money and sizes are decimal strings. "
                + "Every refusal is application/problem+json with a code. Market data: SignalR hub at /hubs/market.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[AdminKey] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "The admin key of the cluster.",
        };
        foreach (var (path, item) in document.Paths)
        {
            if (
                !path.StartsWith("/admin", StringComparison.Ordinal)
                && !path.StartsWith("/reconciliation", StringComparison.Ordinal)
                && !path.StartsWith("/database", StringComparison.Ordinal)
            )
                continue;
            if (item.Operations is null)
                continue;
            foreach (var operation in item.Operations.Values)
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(AdminKey, document)] = [] }];
        }

        return Task.CompletedTask;
    }
}
