namespace Foresight.Console.Api;

public static class ApiClientRegistration
{
    /// <summary>Enough for the pages of a hundred operators, and still a bound on what a node that hangs can hold.</summary>
    private const int MaxInFlight = 1_000;

    public static void AddApiClient(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(ApiAddresses.FromConfiguration(builder.Configuration));
        builder.Services.AddScoped<OperatorCredential>();
        builder.Services.AddScoped<ForesightApiClient>();
        builder.AddClient(ForesightApiClient.HttpClientName, ForesightApiClient.TryTimeout);
        builder.AddClient(ForesightApiClient.PatientClientName, ForesightApiClient.PatientTimeout);
    }

    private static void AddClient(this WebApplicationBuilder builder, string name, TimeSpan timeout) =>
        builder
            .Services.AddHttpClient(name, client => client.Timeout = timeout)
            .ConfigurePrimaryHttpMessageHandler(() =>
                new SocketsHttpHandler
                {
                    ConnectTimeout = TimeSpan.FromSeconds(1),
                    PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                    AllowAutoRedirect = false,
                    UseProxy = false,
                }
            )
            .AddNodeResilience(timeout, MaxInFlight);
}
