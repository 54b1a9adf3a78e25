using System.Security.Claims;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Bunit;
using Bunit.TestDoubles;
using Foresight.Console.Access;
using Foresight.Console.Api;
using Foresight.Console.Live;
using Foresight.Console.MarketData;
using Foresight.Console.Orders;
using Foresight.Console.Problems;
using Foresight.Console.Reconciliation;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;

namespace Foresight.Console.Tests;

/// <summary>
/// Tests look at what a person reads and presses (texts, rows, labels), so that only this class depends on the markup of the component
/// library. The Api answers from memory.
/// </summary>
public abstract partial class ConsoleContext : BunitContext, IAsyncLifetime
{
    private const string Session = "the-session";
    private protected const string TraceUrl = "https://traces.example/{id}";

    // Far more than the milliseconds that a step takes, because a loaded machine may need seconds.
    static ConsoleContext() => DefaultWaitTimeout = TimeSpan.FromSeconds(15);

    private protected ConsoleContext()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Sessions = new OperatorSessions(Clock);
        Sessions.Remember(Session, ScriptedApi.Key, Clock.Now.AddHours(8));
        var credential = new OperatorCredential();
        credential.Use("Ada", () => Sessions.KeyOf(Session));

        Services.AddLogging();
        // Parts are drawn without the frame, which has the provider that menus need.
        Services.AddMudServices(options => options.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddSingleton<TimeProvider>(Clock);
        Services.AddSingleton<IHttpClientFactory>(Api);
        Services.AddSingleton(Api.Addresses);
        Services.AddSingleton(credential);
        Services.AddSingleton(Sessions);
        Services.AddSingleton<ForesightApiClient>();
        Services.AddSingleton<ThroughputHistory>();
        Services.AddSingleton<ServerHistory>();
        Services.AddSingleton<ProblemMemory>();
        Services.AddSingleton(
            new TraceLinks(new ConfigurationBuilder().AddInMemoryCollection([new(TraceLinks.Setting, TraceUrl)]).Build())
        );
        Services.AddSingleton<OperationsFeed>();
        Services.AddSingleton<NoticeBoard>();
        Services.AddSingleton<Times>();
        Services.AddSingleton<DecisionMemory>();
        Services.AddSingleton<MarketStream>();
        Services.AddSingleton<SessionEnd>();
        var authorization = this.AddAuthorization();
        authorization.SetAuthorized("Ada");
        authorization.SetClaims(new Claim(AccessOptions.SessionClaim, Session));
        // Last, because it takes the renderer out of the services, after which none can be added.
        SetRendererInfo(new RendererInfo("Server", isInteractive: true));
    }

    private protected HandClock Clock { get; } = new();

    private protected ScriptedApi Api { get; } = new();

    private protected OperatorSessions Sessions { get; }

    private protected OperationsFeed Feed => Services.GetRequiredService<OperationsFeed>();

    private protected string Address => "/" + Navigation.ToBaseRelativePath(Navigation.Uri);

    private protected NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    private protected IEnumerable<string> Notified => Services.GetRequiredService<NoticeBoard>().Notices.Select(notice => notice.Text);

    public Task InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private protected void ChooseZone(string zone) => Services.GetRequiredService<Times>().Use(zone);

    private protected void EndSession() => Sessions.End(Session);

    private protected bool IsSignedIn => Sessions.KeyOf(Session) is not null;

    private protected static string Text(IRenderedComponent<IComponent> shown) => Text(shown.Nodes);

    private protected static string Text(params IEnumerable<INode> nodes) =>
        Spaces().Replace(string.Join(' ', nodes.SelectMany(Words)), " ").Trim();

    private protected static string[][] Rows(IRenderedComponent<IComponent> shown) =>
        [
            .. shown
                .FindAll("tbody tr")
                .Select(row => row.Children.Where(cell => cell.LocalName == "td").Select(cell => Text(cell)).ToArray())
                .Where(cells => cells.Length > 0),
        ];

    private protected static IElement Button(IRenderedComponent<IComponent> shown, string text) =>
        shown.FindAll("button").Single(button => Text(button).Contains(text, StringComparison.Ordinal));

    private protected static bool HasButton(IRenderedComponent<IComponent> shown, string text) =>
        shown.FindAll("button").Any(button => Text(button).Contains(text, StringComparison.Ordinal));

    private protected static bool CanPress(IRenderedComponent<IComponent> shown, string text) =>
        !Button(shown, text).HasAttribute("disabled");

    private protected static IElement Field(IRenderedComponent<IComponent> shown, string name) =>
        shown
            .FindAll("input, select, textarea")
            .Single(field =>
                field.GetAttribute("aria-label") == name
                || shown
                    .FindAll("label")
                    .Any(label => label.GetAttribute("for") == field.Id && Text(label).StartsWith(name, StringComparison.Ordinal))
            );

    private protected static string[] Links(IRenderedComponent<IComponent> shown) =>
        [.. shown.FindAll("a").Select(link => link.GetAttribute("href")!)];

    private static IEnumerable<string> Words(INode node) =>
        node switch
        {
            IText text => [text.Data],
            _ => node.ChildNodes.SelectMany(Words),
        };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
