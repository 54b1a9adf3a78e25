using Foresight.Api.Problems;

namespace Microsoft.AspNetCore.Builder;

public static class ProblemExtensions
{
    public static WebApplicationBuilder AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        // Makes binding failures reach the middleware as exceptions that name the fault; the default is a 400 without a body.
        builder.Services.Configure<Routing.RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The API's own limit is much lower; this is the number of bytes that are drained from a refused body.
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
