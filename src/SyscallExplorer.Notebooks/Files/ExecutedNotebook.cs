using System.Globalization;
using System.Text.Json.Nodes;

namespace SyscallExplorer.Notebooks;

/// <summary>Writes a notebook after its run as a notebook file: the source with its outputs, and nothing else changed.</summary>
public static class ExecutedNotebook
{
    /// <summary>The text of the file.</summary>
    /// <param name="run">The notebook after its run.</param>
    public static string Write(NotebookRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var json = (JsonObject)run.Notebook.Json.DeepClone();
        json["cells"] = new JsonArray([.. run.Cells.Select(Cell)]);
        if (json["metadata"] is not JsonObject metadata)
            json["metadata"] = metadata = [];
        metadata["sysx"] = Inputs(run);
        return Notebook.ToText(json);
    }

    private static JsonObject Cell(CellRun run)
    {
        var cell = (JsonObject)run.Cell.Json.DeepClone();
        if (!run.Cell.IsCode)
            return cell;
        cell["execution_count"] = run.ExecutionCount;
        cell["outputs"] = new JsonArray([.. run.Outputs.Select(o => Output(o, run.ExecutionCount))]);
        if (run.Started is { } started && run.Ended is { } ended)
        {
            if (cell["metadata"] is not JsonObject metadata)
                cell["metadata"] = metadata = [];
            metadata["execution"] = new JsonObject { ["iopub.execute_input"] = Time(started), ["shell.execute_reply"] = Time(ended) };
        }
        return cell;
    }

    private static JsonObject Output(CellOutput output, int? count) => output switch
    {
        TextOutput text => new JsonObject { ["name"] = text.Stream, ["output_type"] = "stream", ["text"] = MultilineText.Write(text.Text) },
        ErrorOutput error => new JsonObject
        {
            ["ename"] = error.Name,
            ["evalue"] = error.Value,
            ["output_type"] = "error",
            ["traceback"] = new JsonArray([.. error.Traceback.Select(l => JsonValue.Create(l))]),
        },
        ValueOutput { IsResult: true } value => new JsonObject
        {
            ["data"] = Bundle(value),
            ["execution_count"] = count,
            ["metadata"] = new JsonObject(),
            ["output_type"] = "execute_result",
        },
        ValueOutput value => new JsonObject { ["data"] = Bundle(value), ["metadata"] = new JsonObject(), ["output_type"] = "display_data" },
        _ => throw new InvalidOperationException($"There is no form for {output.GetType()} in a notebook."),
    };

    private static JsonObject Bundle(ValueOutput value)
    {
        var data = new JsonObject();
        foreach (MimeText form in value.Bundle)
            data[form.MediaType] = MultilineText.Write(form.Text);
        return data;
    }

    private static JsonObject Inputs(NotebookRun run)
    {
        var inputs = new JsonObject
        {
            ["host_version"] = BuiltInLibrary.HostVersion,
            ["library_version"] = BuiltInLibrary.Version,
            ["plotly_version"] = Plotly.Version,
            ["inputs_hash"] = run.InputsHash,
        };
        if (run.Options.Parameters.Count > 0)
            inputs["parameters"] = new JsonObject(run.Options.Parameters.GroupBy(p => p.Key).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Last().Value)));
        if (run.Sources.Count > 0)
            inputs["sources"] = new JsonArray([.. run.Sources.Select(s => new JsonObject { ["kind"] = s.What, ["name"] = s.Name, ["detail"] = s.Detail })]);
        if (run.Labs.Count > 0)
            inputs["labs"] = new JsonArray([.. run.Labs.Select(Lab)]);
        return inputs;
    }

    private static JsonObject Lab(LabInputs lab) => new()
    {
        ["kernel"] = lab.Kernel,
        ["cpu"] = lab.Cpu,
        ["command_line"] = lab.CommandLine,
        ["seed"] = lab.Seed,
        ["timing_depth"] = lab.TimingDepth,
        ["library_version"] = lab.LibraryVersion,
        ["hash"] = lab.Hash,
    };

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
