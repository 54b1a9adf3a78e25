using Foresight.Api.Problems;

namespace Microsoft.AspNetCore.Builder;

public static class ProblemExtensions
{
    public static WebApplicationBuilder AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        // By default a binding failure is a 400 without a body; as an exception it reaches the middleware and names the fault.
        builder.Services.Configure<Routing.RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The API's own limit is much lower, but up to this one a refused body is drained.
            kestrel.Limits.MaxRequestBodySize = LimitedBody.DrainedBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        return builder;
    }

    public static WebApplication UseProblems(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        return app;
    }

    public static RouteHandlerBuilder RefusesWith(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            route.Produces<ProblemBody>(status, ProblemRules.ContentType);
        return route;
    }
}
