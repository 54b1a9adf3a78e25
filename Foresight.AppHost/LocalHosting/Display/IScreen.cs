namespace Foresight.AppHost.LocalHosting;

/// <summary>Where a run is shown: a terminal that is redrawn in place, or lines that only follow each other.</summary>
internal interface IScreen : IAsyncDisposable
{
    /// <summary>A sentence of the AppHost itself.</summary>
    void Say(string sentence);

    void Log(string resourceId, string line);

    /// <summary>Something about this replica is different now.</summary>
    void Changed(ResourceInstance instance);
}
