using System.Collections.Immutable;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>Resources change state here by hand, because nothing is started.</summary>
public sealed class AnnouncerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-test-").FullName;
    private readonly LineWriter _output = new();
    private readonly LineWriter _errors = new();
    private DistributedApplication _app = null!;
    private Announcer _announcer = null!;
    private NativeChainResource _chain = null!;
    private ContainerResource _worker = null!;
    private ParameterResource _key = null!;

    public async Task InitializeAsync()
    {
        var builder = TestApplication.CreateBuilder();
        _key = builder.AddParameter("admin-key", "the-key-of-the-test").Resource;
        _chain = builder.AddResource(new NativeChainResource("api-1", new NativeState(_folder, ephemeral: false))).Resource;
        _worker = builder.AddContainer("worker", "image").Resource;
        _app = await builder.BuildAsync();
        _announcer = new Announcer(
            Notifications,
            _app.Services.GetRequiredService<ResourceLoggerService>(),
            _app.Services.GetRequiredService<DistributedApplicationModel>(),
            _key,
            _output,
            _errors
        );
        await _announcer.StartAsync(default);
        // Changes before the announcer watches are seen only in their result.
        await PublishAsync(_key, KnownResourceStates.Exited, exitCode: 1);
        await ExplainedAsync();
    }

    private ResourceNotificationService Notifications => _app.Services.GetRequiredService<ResourceNotificationService>();

    public async Task DisposeAsync()
    {
        await _announcer.StopAsync(default);
        _announcer.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task OnceEverythingIsThere_ItsAddressesAndTheKeyArePrinted_AndNotAgain()
    {
        await PublishAsync(_chain, KnownResourceStates.Running, urls: ["http://localhost:5080"]);
        await PublishAsync(_worker, KnownResourceStates.Starting);
        await PublishAsync(_worker, KnownResourceStates.Running);
        Assert.Matches("^Everything is healthy after [0-9]+ s: api-1 http://localhost:5080$", await _output.NextAsync());
        Assert.Equal("Sign in to the console with the admin key the-key-of-the-test", await _output.NextAsync());

        // A failure comes after it in the same order, so nothing more was printed before.
        await PublishAsync(_worker, KnownResourceStates.Starting);
        await PublishAsync(_worker, KnownResourceStates.Running);
        await PublishAsync(_worker, KnownResourceStates.Exited, exitCode: 1);
        await ExplainedAsync();
        Assert.Equal(0, _output.Waiting);
    }

    [Theory]
    [InlineData("Finished", 1)]
    [InlineData("Exited", 139)]
    [InlineData("FailedToStart", null)]
    public async Task AFailure_IsTold_Once_AlsoWhenItsLogCannotBeRead(string state, int? exitCode)
    {
        await PublishAsync(_worker, KnownResourceStates.Running);
        await PublishAsync(_worker, state, exitCode);
        await PublishAsync(_worker, state, exitCode);
        await PublishAsync(_chain, "FailedToStart");
        Assert.Equal($"worker: {state}, exit code {exitCode}. Its last lines:", await ExplainedAsync());
        Assert.StartsWith("api-1: FailedToStart", await ExplainedAsync());
        Assert.Equal(0, _output.Waiting);
    }

    [Fact]
    public async Task WhatFailsAgainAfterItRan_IsExplainedAgain()
    {
        await PublishAsync(_worker, KnownResourceStates.Exited, exitCode: 1);
        await PublishAsync(_worker, KnownResourceStates.Running);
        await PublishAsync(_worker, KnownResourceStates.Exited, exitCode: 2);
        Assert.Equal("worker: Exited, exit code 1. Its last lines:", await ExplainedAsync());
        Assert.Equal("worker: Exited, exit code 2. Its last lines:", await ExplainedAsync());
    }

    [Fact]
    public async Task ATaskThatEndedWell_IsThere_AndAnUnhealthyServerIsNot()
    {
        await PublishAsync(_worker, KnownResourceStates.Finished, exitCode: 0);
        await PublishAsync(_chain, KnownResourceStates.Running, health: HealthStatus.Unhealthy);
        await PublishAsync(_chain, KnownResourceStates.Running, health: HealthStatus.Degraded);
        // An end in order, and one of a resource that no other waits for, are no failures, so neither is reported.
        await PublishAsync(_chain, KnownResourceStates.Exited, exitCode: 0);
        await PublishAsync(_key, KnownResourceStates.Running);
        await PublishAsync(_worker, KnownResourceStates.Exited, exitCode: 7);
        Assert.StartsWith("worker: Exited, exit code 7", await ExplainedAsync());
        Assert.Equal(0, _output.Waiting);

        await PublishAsync(_worker, KnownResourceStates.Finished, exitCode: 0);
        await PublishAsync(_chain, KnownResourceStates.Running);
        Assert.StartsWith("Everything is healthy", await _output.NextAsync());
    }

    /// <summary>Without the orchestrator there are no logs of resources, so that one line must report it.</summary>
    private async Task<string> ExplainedAsync()
    {
        var header = await _errors.NextAsync();
        Assert.StartsWith("  (its log cannot be read: ", await _errors.NextAsync());
        return header;
    }

    private Task PublishAsync(
        IResource resource,
        string state,
        int? exitCode = null,
        HealthStatus health = HealthStatus.Healthy,
        params string[] urls
    ) =>
        Notifications.PublishUpdateAsync(
            resource,
            snapshot =>
            {
                var next = snapshot with
                {
                    State = state,
                    ExitCode = exitCode,
                    Urls = [.. urls.Select(url => new UrlSnapshot("http", url, IsInternal: false))],
                };
                // Only the orchestrator, which does not run here, may set the reports from which the health is derived.
                ImmutableArray<HealthReportSnapshot> reports = [new("check", health, null, null)];
                typeof(CustomResourceSnapshot).GetProperty(nameof(CustomResourceSnapshot.HealthReports))!.SetValue(next, reports);
                return next;
            }
        );

    private sealed class LineWriter : StringWriter
    {
        private readonly System.Threading.Channels.Channel<string> _lines = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public int Waiting => _lines.Reader.Count;

        public override Task WriteLineAsync(string? value)
        {
            _lines.Writer.TryWrite(value ?? "");
            return Task.CompletedTask;
        }

        public Task<string> NextAsync() => _lines.Reader.ReadAsync().AsTask().WaitAsync(Eventually.Patience);
    }
}
