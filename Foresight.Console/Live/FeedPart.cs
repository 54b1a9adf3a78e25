using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

/// <summary>
/// A part of the frame that follows the feed by itself, so that the second's tick draws a few words instead of the whole frame.
/// </summary>
public abstract class FeedPart : ComponentBase, IDisposable
{
    [Inject]
    protected OperationsFeed Feed { get; set; } = null!;

    protected override void OnInitialized() => Feed.Changed += StateHasChanged;

    public void Dispose()
    {
        Feed.Changed -= StateHasChanged;
        GC.SuppressFinalize(this);
    }
}
