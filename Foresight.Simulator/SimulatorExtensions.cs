using Foresight.Chain.Rpc;
using Foresight.Client;
using Foresight.Simulator.Load;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator;

public static class SimulatorExtensions
{
    /// <summary>Longer than the API waits through a failover, so that only a lost connection loses an answer.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    public static IHostApplicationBuilder AddSimulator(this IHostApplicationBuilder builder)
    {
        var options = SimulatorOptions.From(builder.Configuration);
        var statistics = new LoadStatistics(keepAcknowledgements: false);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(statistics);
        builder.Services.AddSingleton(EthereumClient.OfEndpoint(new HttpClient(), options.RpcUrl));
        var nodes = SimulatorNodes.From(builder.Configuration);
        builder
            .Services.AddHttpClient(nameof(ForesightClient), http => http.Timeout = RequestTimeout)
            .ConfigurePrimaryHttpMessageHandler(() => NewHandler(options.MaxInFlight))
            // One handler for the life of the process; SocketsHttpHandler renews its connections itself.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddNodeResilience(RequestTimeout, options.MaxInFlight);
        builder.Services.AddSingleton(provider => new ForesightClient(
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(ForesightClient)),
            nodes,
            TimeProvider.System,
            statistics.OnFault
        ));
        builder.Services.AddHostedService<SimulatorWorker>();
        return builder;
    }

    public static HttpClient NewHttpClient(int connections) => new(NewHandler(connections)) { Timeout = RequestTimeout };

    private static SocketsHttpHandler NewHandler(int connections) =>
        new() { MaxConnectionsPerServer = connections, PooledConnectionLifetime = TimeSpan.FromMinutes(2) };
}
