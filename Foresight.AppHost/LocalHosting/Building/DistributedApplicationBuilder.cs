using System.Reflection;
using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.AppHost.LocalHosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationTestingBuilder
{
    private const int GeneratedSecretBytes = 24;

    private readonly List<IResource> _resources = [];
    private readonly EngineOptions _options;

    // Set when a test drives an AppHost's entry point.
    private readonly EntryPointSession? _session;
    private readonly Lazy<StateFolder> _state;

    public DistributedApplicationBuilder(string[] args, EngineOptions options, EntryPointSession? session)
    {
        _session = session;
        _options = options with { Ephemeral = options.Ephemeral || args.Contains("--ephemeral") };
        _state = new Lazy<StateFolder>(() => StateFolder.Open(_options.Ephemeral));
        AppHostDirectory = typeof(DistributedApplicationBuilder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "AppHostDirectory").Value!;
        Environment = new AppHostEnvironment(
            System.Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") is { Length: > 0 } name ? name : Environments.Development,
            AppHostDirectory);
        Configuration.SetBasePath(AppHostDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile($"appsettings.{Environment.EnvironmentName}.json", optional: true)
            .AddEnvironmentVariables()
            // Switches such as --ephemeral have no value and would swallow the next one; settings are written --Section:Key=value.
            .AddCommandLine([.. args.Where(a => a.StartsWith("--", StringComparison.Ordinal) && a.Contains('='))]);
    }

    public ConfigurationManager Configuration { get; } = new();

    public string AppHostDirectory { get; }

    public IHostEnvironment Environment { get; }

    public IList<IResource> Resources => _resources;

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        if (_resources.Any(r => string.Equals(r.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
            throw new DistributedApplicationException($"There are two resources named '{resource.Name}'.");
        _resources.Add(resource);
        return new ResourceBuilder<T>(this, resource);
    }

    /// <summary>Called by the AppHost; when a test drives it, waits until the test asks for the application.</summary>
    public DistributedApplication Build()
    {
        if (_session is not null && EntryPointSession.Current != _session)
            return _session.BuildAsync().GetAwaiter().GetResult();
        _session?.HoldUntilBuildIsAsked(this);
        var application = new DistributedApplication(_resources, () => _state.Value, _options, Configuration, Environment, _session);
        _session?.Built(application);
        return application;
    }

    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) =>
        _session is null ? Task.FromResult(Build()) : _session.BuildAsync().WaitAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _session?.Abandon();
        return ValueTask.CompletedTask;
    }

    internal string ResolveParameter(ParameterResource parameter)
    {
        // Dashes are awkward in the names of environment variables; Parameters__admin_key is as good.
        var configured = Configuration[$"Parameters:{parameter.Name}"]
            ?? Configuration[$"Parameters:{parameter.Name.Replace('-', '_')}"];
        if (configured is { Length: > 0 })
            return configured;
        if (!parameter.Secret || configured is not null)
            throw new DistributedApplicationException(
                $"Parameter '{parameter.Name}' has no value: set Parameters:{parameter.Name} in appsettings.json, as Parameters__{parameter.Name.Replace('-', '_')} "
                + $"in the environment, or as --Parameters:{parameter.Name}=… on the command line.");
        return _state.Value.KeptSecret(
            parameter.Name, () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(GeneratedSecretBytes)));
    }

    private sealed class AppHostEnvironment(string name, string folder) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = typeof(DistributedApplicationBuilder).Assembly.GetName().Name!;

        public string ContentRootPath { get; set; } = folder;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
