namespace Foresight.Console.Api;

public static class ApiClientRegistration
{
    /// <summary>Concurrent requests to one node; enough for the pages of a hundred operators.</summary>
    private const int MaxInFlight = 1_000;

    public static void AddApiClient(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(ApiAddresses.FromConfiguration(builder.Configuration));
        builder.Services.AddScoped<OperatorCredential>();
        builder.Services.AddScoped<ForesightApiClient>();
        builder
            .Services.AddHttpClient(ForesightApiClient.HttpClientName, client => client.Timeout = ForesightApiClient.TryTimeout)
            .ConfigurePrimaryHttpMessageHandler(() =>
                new SocketsHttpHandler
                {
                    ConnectTimeout = TimeSpan.FromSeconds(1),
                    PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                    AllowAutoRedirect = false,
                    UseProxy = false,
                }
            )
            .AddNodeResilience(ForesightApiClient.TryTimeout, MaxInFlight);
    }
}
