using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyscallExplorer.Notebooks;

/// <summary>What the parent asks of the process that runs a notebook.</summary>
internal sealed record Job(string Folder, string Marker, IReadOnlyList<JobCell> Cells);

/// <summary>One code cell of a job.</summary>
/// <param name="Index">Its place among all cells of the run.</param>
/// <param name="Label">Its name in messages and stack traces.</param>
/// <param name="Source">Its text.</param>
/// <param name="Language">The language its metadata names, or null.</param>
/// <param name="MayLackPackages">Whether it is skipped when its packages cannot be restored.</param>
internal sealed record JobCell(int Index, string Label, string Source, string? Language, bool MayLackPackages);

/// <summary>A line from the process that runs a notebook to its parent.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CellStarted), "started")]
[JsonDerivedType(typeof(CodeStarted), "code")]
[JsonDerivedType(typeof(TextWritten), "text")]
[JsonDerivedType(typeof(ValueShown), "shown")]
[JsonDerivedType(typeof(ValueUpdated), "updated")]
[JsonDerivedType(typeof(RestoreStarted), "restore")]
[JsonDerivedType(typeof(RestoreEnded), "restored")]
[JsonDerivedType(typeof(SourceUsed), "source")]
[JsonDerivedType(typeof(LabUsed), "lab")]
[JsonDerivedType(typeof(CellFinished), "finished")]
[JsonDerivedType(typeof(CellSkipped), "skipped")]
[JsonDerivedType(typeof(CellFailed), "failed")]
[JsonDerivedType(typeof(ProcessExiting), "exiting")]
[JsonDerivedType(typeof(JobDone), "done")]
internal abstract record Message
{
    private static readonly JsonSerializerOptions s_options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    internal string ToLine() => JsonSerializer.Serialize(this, s_options);

    internal static Message? FromLine(string line) => JsonSerializer.Deserialize<Message>(line, s_options);
}

internal sealed record CellStarted(int Index) : Message;

/// <summary>The code of the cell is compiled and starts.</summary>
internal sealed record CodeStarted : Message;

internal sealed record TextWritten(string Stream, string Text) : Message;

internal sealed record ValueShown(IReadOnlyList<MimeText> Bundle, bool IsResult, string? DisplayId) : Message;

internal sealed record ValueUpdated(IReadOnlyList<MimeText> Bundle, string DisplayId) : Message;

internal sealed record RestoreStarted(string Packages) : Message;

internal sealed record RestoreEnded : Message;

/// <summary>Something besides the notebook that its results rest on: a package, a library or a script file.</summary>
internal sealed record SourceUsed(string What, string Name, string Detail) : Message;

internal sealed record LabUsed(LabInputs Inputs) : Message;

internal sealed record CellFinished(int Index) : Message;

internal sealed record CellSkipped(int Index, string Reason) : Message;

internal sealed record CellFailed(int Index, int? Line, string Name, string Value, IReadOnlyList<string> Traceback) : Message;

internal sealed record ProcessExiting(int ExitCode) : Message;

internal sealed record JobDone : Message;
