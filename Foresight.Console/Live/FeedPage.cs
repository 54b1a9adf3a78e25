using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

/// <summary>A page that shows parts of the circuit's <see cref="OperationsFeed"/> and is drawn anew with each step of it.</summary>
public abstract class FeedPage : LivePage
{
    [Inject]
    protected OperationsFeed Feed { get; set; } = null!;

    protected override void OnInitialized() => Feed.Changed += StateHasChanged;

    public override ValueTask DisposeAsync()
    {
        Feed.Changed -= StateHasChanged;
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }
}
