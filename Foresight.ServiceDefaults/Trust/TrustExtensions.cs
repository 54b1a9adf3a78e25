using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.Hosting;

public static class TrustExtensions
{
    /// <summary>Needs <c>AddPostgres</c>, because proofs carry the database's clock, and the setting <c>CLUSTER_SECRET</c>.</summary>
    public static TBuilder AddSignedHints<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(ClusterKeys.From(builder.Configuration));
        builder.Services.TryAddSingleton<HintMetrics>();
        builder.Services.TryAddSingleton(provider => new SignedHints(
            provider.GetRequiredService<ClusterKeys>().For(SignedHints.Purpose),
            provider.GetRequiredService<NodeIdentity>(),
            provider.GetRequiredService<DatabaseClock>(),
            provider.GetRequiredService<HintMetrics>(),
            provider.GetRequiredService<ILogger<SignedHints>>()
        ));
        return builder;
    }
}
