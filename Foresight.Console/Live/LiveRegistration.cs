using Foresight.Console.Orders;
using Foresight.Console.Problems;
using Foresight.Console.Reconciliation;

namespace Foresight.Console.Live;

public static class LiveRegistration
{
    public static void AddLive(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ThroughputHistory>();
        builder.Services.AddSingleton<ServerHistory>();
        builder.Services.AddSingleton<ProblemMemory>();
        builder.Services.AddSingleton(new TraceLinks(builder.Configuration));
        builder.Services.AddScoped<OperationsFeed>();
        builder.Services.AddScoped<NoticeBoard>();
        builder.Services.AddScoped<Times>();
        builder.Services.AddScoped<DecisionMemory>();
    }
}
