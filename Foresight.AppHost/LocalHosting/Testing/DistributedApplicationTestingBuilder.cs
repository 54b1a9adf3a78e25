using Foresight.AppHost.LocalHosting;
using Foresight.AppHost.Programs;

namespace Aspire.Hosting.Testing;

public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable
{
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

/// <summary>Models for tests: state in a folder that is removed, free ports everywhere, nothing on the console.</summary>
public static class DistributedApplicationTestingBuilder
{
    private static readonly EngineOptions ForTests = new() { Ephemeral = true, RandomizePorts = true, Quiet = true };

    /// <summary>The model of an AppHost, such as <c>Projects.Foresight_AppHost</c>, with these command-line arguments.</summary>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        // One whole stack at a time, over all test processes of this user: two on a small machine would only measure each other.
        var machine = await ProgramCache.OfThisUser().LockAsync("stack", cancellationToken);
        var session = new EntryPointSession(ForTests, machine);
        return await session.BuilderAsync(typeof(TEntryPoint).Assembly, args).WaitAsync(cancellationToken);
    }

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class =>
        CreateAsync<TEntryPoint>([], cancellationToken);

    /// <summary>An empty model, for a fixture that needs only a database, say.</summary>
    public static IDistributedApplicationTestingBuilder Create(params string[] args) =>
        new DistributedApplicationBuilder(args, ForTests, session: null);
}
