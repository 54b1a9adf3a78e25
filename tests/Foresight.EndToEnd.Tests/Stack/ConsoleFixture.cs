using System.Globalization;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>
/// Its own stack, because its tests freeze servers and fill lists. Two people have keys, and the chain has two endpoints, of which the
/// preferred one leaves out logs when a test wants it.
/// </summary>
public sealed class ConsoleFixture : StackFixture
{
    /// <summary>Above it a decision takes two keys.</summary>
    public const long FourEyesOverUsdc = 100;

    private readonly SemaphoreSlim _starting = new(1);
    private FaultyNode? _liar;
    private volatile bool _isLying;

    public string AdaKey { get; } = "ada-" + Guid.NewGuid().ToString("N");

    public string GraceKey { get; } = "grace-" + Guid.NewGuid().ToString("N");

    public IDisposable LetTheEndpointLie()
    {
        _isLying = true;
        return new Truth(this);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_liar is not null)
            await _liar.DisposeAsync();
        _starting.Dispose();
    }

    protected override void Arrange(IDistributedApplicationTestingBuilder builder)
    {
        foreach (var name in (string[])["api-1", "api-2"])
            Project(name)
                .WithEnvironment("ADMIN_KEYS", $"ada={AdaKey},grace={GraceKey}")
                .WithEnvironment("RECONCILIATION_FOUR_EYES_OVER_USDC", FourEyesOverUsdc.ToString(CultureInfo.InvariantCulture));

        var chain = new EndpointReference(builder.Resources.OfType<IResourceWithEndpoints>().Single(one => one.Name == "chain"), "http");
        Project("matching")
            .WithEnvironment(async context =>
            {
                // Without an address while the model is only looked at.
                if (await chain.GetValueAsync(context.CancellationToken) is { } honest)
                    context.EnvironmentVariables["RPC_URLS"] = $"{(await LiarAsync(new Uri(honest))).Endpoint},{honest}";
            });

        IResourceBuilder<ProjectResource> Project(string name) =>
            builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(one => one.Name == name));
    }

    /// <summary>One for all three nodes; the model asks for the environment of each.</summary>
    private async Task<FaultyNode> LiarAsync(Uri honest)
    {
        await _starting.WaitAsync();
        try
        {
            return _liar ??= await FaultyNode.StartAsync(honest, Answer);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>As a node whose index of logs is damaged: an empty list looks like a quiet block.</summary>
    private JsonNode? Answer(JsonObject request, JsonNode answer)
    {
        if (_isLying && request["method"]?.GetValue<string>() == "eth_getLogs" && answer["result"] is JsonArray)
            answer["result"] = new JsonArray();
        return answer;
    }

    private sealed class Truth(ConsoleFixture of) : IDisposable
    {
        public void Dispose() => of._isLying = false;
    }
}

[CollectionDefinition(Name)]
public sealed class ConsoleCollection : ICollectionFixture<ConsoleFixture>
{
    public const string Name = "console";
}
