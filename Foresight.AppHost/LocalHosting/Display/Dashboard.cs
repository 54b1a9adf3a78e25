using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Foresight.AppHost.LocalHosting;

/// <summary>What a person sees of a run: log lines with their resource's name, one line per change of state.</summary>
internal sealed class Dashboard : IAsyncDisposable
{
    private readonly LocalEngine _engine;

    private Dashboard(LocalEngine engine)
    {
        _engine = engine;
    }

    public static Dashboard Show(LocalEngine engine, Action quit)
    {
        var d = new Dashboard(engine);
        engine.Said += d.Say;
        engine.Output += (id, line) => Console.WriteLine($"[{id}] {line}");
        _ = Task.Run(async () => { await foreach (var e in engine.Notifications.WatchAsync()) Console.WriteLine($"{e.ResourceId}: {e.Snapshot.State?.Text} {e.Snapshot.HealthStatus} {e.Snapshot.Properties.FirstOrDefault(p => p.Name == "reason")?.Value}"); });
        return d;
    }

    public void Say(string sentence) => Console.WriteLine(sentence);

    public Task ShowParametersAsync(IReadOnlyList<IResource> resources, IConfiguration configuration) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
