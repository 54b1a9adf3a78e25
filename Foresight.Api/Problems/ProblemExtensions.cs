using Foresight.Api.Problems;

namespace Microsoft.AspNetCore.Builder;

public static class ProblemExtensions
{
    public static WebApplicationBuilder AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        // Binding failures come to the middleware as exceptions, which know what was wrong; the default would be an empty 400.
        builder.Services.Configure<Routing.RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The bound of bodies is ours and much lower; this is how much of one that is refused is still read.
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

    /// <summary>Documents which refusals a route may answer with.</summary>
    public static RouteHandlerBuilder RefusesWith(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            route.Produces<ProblemBody>(status, ProblemRules.ContentType);
        return route;
    }
}
