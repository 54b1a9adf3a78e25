namespace Foresight.Console.MarketData;

public static class MarketDataRegistration
{
    public static void AddMarketData(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MarketStream>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MarketStream>());
    }
}
