namespace Foresight.Console.Api;

public static class ApiClientRegistration
{
    public static void AddApiClient(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(ApiAddresses.FromConfiguration(builder.Configuration));
        builder.Services.AddScoped<OperatorCredential>();
        builder.Services.AddScoped<ForesightApiClient>();
#pragma warning disable EXTEXP0001 // The only way for one client to leave the default.
        builder.Services.AddHttpClient(ForesightApiClient.HttpClientName, client => client.Timeout = ForesightApiClient.TryTimeout)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                ConnectTimeout = TimeSpan.FromSeconds(1),
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                AllowAutoRedirect = false,
                UseProxy = false,
            })
            // It asks the next node itself, and within less time than the standard handler would try again.
            .RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }
}
