using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>One worker and one emulated processor, and the batch that both run.</summary>
internal sealed unsafe class SiliconRunner : IDisposable
{
    private const int SlotCount = (WorkerLayout.CodeSize - WorkerLayout.LandingSize) / WorkerLayout.SlotSize;
    private const byte Int3 = 0xCC;
    private const int GateSelectorJumpLength = 8;
    private const int GateJumpLength = 5;

    private readonly NativeWorker _worker = new();
    private readonly EmulatedProgram _emulated;
    private readonly EndState _ours = new();
    private readonly EndState _theirs = new();
    private readonly List<Snippet> _snippets = [];
    private readonly List<Difference> _differences = [];
    private int _nextSlot;
    private int _count;

    /// <summary>Starts a worker.</summary>
    public SiliconRunner(CpuModel model)
    {
        Model = model;
        _emulated = new EmulatedProgram(model);
    }

    /// <summary>Called for each case that was compared.</summary>
    /// <param name="index">Its number in the batch.</param>
    /// <param name="differences">What differs, or null.</param>
    /// <param name="known">The index of the known difference that it is, or -1.</param>
    public delegate void Verdict(int index, IReadOnlyList<Difference>? differences, int known);

    /// <summary>The model that is compared with the host.</summary>
    public CpuModel Model { get; }

    /// <summary>How often the worker died and was started again.</summary>
    public int Deaths => _worker.Deaths;

    /// <summary>How the last snippet ended natively.</summary>
    public EndState Native => _theirs;

    /// <summary>Plants a defect into what the emulator ends with.</summary>
    public Action<EndState>? Defect
    {
        set => _emulated.Defect = value;
    }

    /// <summary>Free slots.</summary>
    public int FreeSlots => SlotCount - _nextSlot;

    /// <summary>The data area that every case starts from.</summary>
    public Span<byte> Data => Shared(WorkerLayout.DataOffset, WorkerLayout.DataSize);

    /// <summary>The XSAVE images.</summary>
    public Span<byte> Images => Shared(WorkerLayout.ImagesOffset, WorkerLayout.ImageCount * WorkerLayout.ImageStride);

    /// <summary>Where the next slot begins.</summary>
    public uint NextSlot => (uint)WorkerLayout.Code + WorkerLayout.LandingSize + (uint)(_nextSlot * WorkerLayout.SlotSize);

    /// <summary>Number of cases.</summary>
    public int Count => _count;

    /// <summary>Begins an empty batch.</summary>
    public void Begin()
    {
        Shared(WorkerLayout.CodeOffset, WorkerLayout.CodeSize).Fill(Int3);
        _snippets.Clear();
        _nextSlot = 0;
        _count = 0;
    }

    /// <summary>Places an instruction with the way out behind it.</summary>
    public int Place(in Snippet snippet)
    {
        int offset = (int)(snippet.Address - (uint)WorkerLayout.Code);
        Span<byte> slot = Shared(WorkerLayout.CodeOffset + offset, snippet.Code.Length + GateSelectorJumpLength);
        snippet.Code.CopyTo(slot);
        Span<byte> exit = slot[snippet.Code.Length..];
        if (snippet.Bitness == 64)
        {
            exit[0] = 0xE9;
            BinaryPrimitives.WriteUInt32LittleEndian(exit[1..], (uint)WorkerLayout.Gate - (snippet.Address + (uint)snippet.Code.Length + GateJumpLength));
        }
        else
        {
            int length = 0;
            if (snippet.Bitness == 16)
                exit[length++] = 0x66;
            exit[length++] = 0xEA;
            BinaryPrimitives.WriteUInt32LittleEndian(exit[length..], (uint)WorkerLayout.Gate);
            BinaryPrimitives.WriteUInt16LittleEndian(exit[(length + 4)..], UserSegments.Code64);
        }

        _nextSlot += snippet.Slots;
        _snippets.Add(snippet);
        return _snippets.Count - 1;
    }

    /// <summary>Adds a case, to be filled in.</summary>
    public ref CaseInput Add(int snippet)
    {
        ref CaseInput input = ref Input(_count++);
        input = default;
        input.Snippet = snippet;
        return ref input;
    }

    /// <summary>A case of the batch.</summary>
    public ref CaseInput Input(int index) => ref *(CaseInput*)(_worker.Memory + WorkerLayout.InputsOffset + index * WorkerLayout.InputSize);

    /// <summary>The instruction of a case.</summary>
    public Snippet SnippetOf(int index) => _snippets[Input(index).Snippet];

    /// <summary>Runs the batch on both sides.</summary>
    public void Run(Verdict verdict)
    {
        _emulated.LoadCode(Shared(WorkerLayout.CodeOffset, WorkerLayout.CodeSize));
        _emulated.LoadData(Data);
        Span<bool> seen = stackalloc bool[WorkerLayout.ImageCount];
        seen.Clear();
        for (int i = 0; i < _count; i++)
        {
            int image = Input(i).Image;
            if (seen[image])
                continue;
            seen[image] = true;
            _emulated.LoadImage(image, Images.Slice(image * WorkerLayout.ImageStride, WorkerLayout.ImageSize));
        }

        if (_worker.Run(_count))
        {
            byte* record = _worker.Memory + WorkerLayout.OutputsOffset;
            for (int i = 0; i < _count; i++)
                record = Compare(i, record, verdict);
        }
        else
        {
            RunOneByOne(verdict);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _worker.Dispose();

    /// <summary>A case killed the worker: the others are compared all the same, and that one is named.</summary>
    private void RunOneByOne(Verdict verdict)
    {
        int count = _count;
        CaseInput[] inputs = MemoryMarshal.Cast<byte, CaseInput>(Shared(WorkerLayout.InputsOffset, count * WorkerLayout.InputSize)).ToArray();
        for (int i = 0; i < count; i++)
        {
            Input(0) = inputs[i];
            if (_worker.Run(1))
            {
                inputs.CopyTo(MemoryMarshal.Cast<byte, CaseInput>(Shared(WorkerLayout.InputsOffset, count * WorkerLayout.InputSize)));
                Compare(i, _worker.Memory + WorkerLayout.OutputsOffset, verdict);
            }
            else
            {
                inputs.CopyTo(MemoryMarshal.Cast<byte, CaseInput>(Shared(WorkerLayout.InputsOffset, count * WorkerLayout.InputSize)));
                verdict(i, [new Difference("worker", "goes on", $"ended with {_worker.LastExitCode}")], -1);
            }
        }
    }

    private byte* Compare(int index, byte* record, Verdict verdict)
    {
        ref CaseInput input = ref Input(index);
        Instruction instruction = _snippets[input.Snippet].Instruction;
        byte* next = NativeOutcome.Read(record, input, Data, _theirs);
        _emulated.Run(input, Data, _ours);
        if (_ours.Kind == EndKind.Unsupported || IsSingleStepped(input))
        {
            verdict(index, null, -1);
            return next;
        }

        if (StateComparer.Equal(input, instruction, _ours, _theirs, Data, null))
        {
            verdict(index, null, -1);
            return next;
        }

        _differences.Clear();
        StateComparer.Equal(input, instruction, _ours, _theirs, Data, _differences);
        verdict(index, [.. _differences], KnownDifferences.Find(instruction, _ours, _theirs, _differences));
        return next;
    }

    /// <summary>An instruction that sets TF traps after the one that follows it, which is the way out and the emulator's end.</summary>
    private bool IsSingleStepped(in CaseInput input) =>
        _ours.Kind == EndKind.Completed && (_ours.Flags & Rflags.TF) != 0 && _theirs.Kind == EndKind.Fault && _theirs.Vector == (int)Vector.Debug;

    private Span<byte> Shared(int offset, int length) => new(_worker.Memory + offset, length);
}
