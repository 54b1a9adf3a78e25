namespace Foresight.Testing;

/// <summary>The checkout that the tests were built in.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>
    /// The program of a project, as it was built with these tests. Not the copy beside them: where coverage is measured, that one counts.
    /// </summary>
    public static string OutputOf(string project)
    {
        var parts = AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar);
        return Path.Combine([Root, project, .. parts[Array.LastIndexOf(parts, "bin")..], $"{project}.dll"]);
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Foresight.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("This is not run from the repository.");
    }
}
