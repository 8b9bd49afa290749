"""microdup relion as RELION starts it, and by RELION 3.1.3's own pipeliner.

MDUP_RELION_BIN: microdup_relion.  What needs RELION is skipped without it.
"""

import os
import shutil
import signal
import subprocess
import time

import pytest

from helpers import COMPARED, FILES, Shots, duplicates, files_of, link, microdup, star_text, write_star

MARKS = ["RELION_JOB_EXIT_SUCCESS", "RELION_JOB_EXIT_FAILURE", "RELION_JOB_EXIT_ABORTED"]
INPUT = "MotionCorr/job002/corrected_micrographs.star"
JOB = "External/job005/"

# As RELION of each version writes it before it starts a job; of the options some.
OPTIONS = """data_joboptions_values

loop_ 
_rlnJobOptionVariable #1 
_rlnJobOptionValue #2 
  do_queue         No 
    fn_exe microdup_relion 
    in_mic MotionCorr/job002/corrected_micrographs.star 
    in_mov         "" 
nr_threads          2 
other_args         "" 
param1_label         "" 
param1_value         "" 
 
"""
JOB_STAR = {
    "3.1": "\n# version 30001\n\ndata_job\n\n_rlnJobType                            99\n_rlnJobIsContinue                       0\n \n\n# version 30001\n\n"
    + OPTIONS,
    "4.0": "\n# version 30001\n\ndata_job\n\n_rlnJobTypeLabel             relion.external\n_rlnJobIsContinue                       0\n_rlnJobIsTomo                           0\n \n\n# version 30001\n\n"
    + OPTIONS,
    "5.0": "\n# version 50001\n\ndata_job\n\n_rlnJobTypeLabel             relion.external\n_rlnJobIsContinue                       0\n_rlnJobIsTomo                           0\n \n\n# version 50001\n\n"
    + OPTIONS,
}
PIPELINE = {
    "3.1": "\n# version 30001\n\ndata_pipeline_general\n\n_rlnPipeLineJobCounter 3\n \n\n# version 30001\n\ndata_pipeline_processes\n\nloop_ \n_rlnPipeLineProcessName #1 \n_rlnPipeLineProcessAlias #2 \n_rlnPipeLineProcessType #3 \n_rlnPipeLineProcessStatus #4 \nImport/job001/       None            0            2 \n \n",
    "4.0": "\n# version 30001\n\ndata_pipeline_general\n\n_rlnPipeLineJobCounter 3\n \n\n# version 30001\n\ndata_pipeline_processes\n\nloop_ \n_rlnPipeLineProcessName #1 \n_rlnPipeLineProcessAlias #2 \n_rlnPipeLineProcessTypeLabel #3 \n_rlnPipeLineProcessStatusLabel #4 \nImport/job001/       None relion.import.movies  Succeeded \n \n",
}
PIPELINE["5.0"] = PIPELINE["4.0"].replace("30001", "50001")
LABELS = {
    "3.1": "MicrographsData.star.relion",
    "4.0": "MicrographsData.star.relion",
    "5.0": "MicrographGroupMetadata.star.relion",
}


def relion_program():
    program = os.environ.get("MDUP_RELION_BIN")
    return program or pytest.skip("MDUP_RELION_BIN is not set")


def run_job(project, *arguments, job=JOB):
    """As RELION does: in the project, what is said goes into the job's folder."""
    folder = project / job
    with open(folder / "run.out", "ab") as out, open(folder / "run.err", "ab") as err:
        return subprocess.run(
            [relion_program(), "--o", job, "--in_mics", INPUT, *arguments, "--j", "2"],
            cwd=project,
            stdout=out,
            stderr=err,
            timeout=120,
        ).returncode


def err(project, job=JOB):
    return (project / job / "run.err").read_text()


def marks(project, job=JOB):
    return [name for name in MARKS if (project / job / name).exists()]


def nodes(project, job=JOB):
    """Rows of RELION_OUTPUT_NODES.star, and its version."""
    lines = (project / job / "RELION_OUTPUT_NODES.star").read_text().splitlines()
    version = next(line for line in lines if line.startswith("# version"))
    return version, [line.split() for line in lines if line.startswith("External/")]


@pytest.fixture
def project(shots, tmp_path):
    folder = tmp_path / "MotionCorr/job002"
    for i in range(Shots.N):
        link(shots / f"m{i}.mrc", folder / f"m{i}.mrc")
    write_star(tmp_path / INPUT, [f"MotionCorr/job002/m{i}.mrc" for i in range(Shots.N)])
    (tmp_path / "default_pipeline.star").write_text("\n# version 30001\n\ndata_pipeline_general\n\n_rlnPipeLineJobCounter 3\n \n")
    (tmp_path / JOB).mkdir(parents=True)
    return tmp_path


# ---- what RELION is told ----


@pytest.mark.parametrize("version", JOB_STAR)
def test_job_of_each_version(project, version):
    (project / JOB / "job.star").write_text(JOB_STAR[version])
    (project / JOB / "note.txt").write_text(" ++++ Executing new job\n")
    assert run_job(project) == 0
    assert (marks(project), err(project)) == (MARKS[:1], "")
    label = LABELS[version]
    assert nodes(project) == (
        "# version 50001" if version == "5.0" else "# version 30001",
        [[JOB + "micrographs.star", "1", label], [JOB + "logfile.pdf", "13", "LogFile.pdf.relion"]],
    )
    assert (project / JOB / "job.star").read_text() == JOB_STAR[version]
    assert (project / JOB / "note.txt").read_text() == " ++++ Executing new job\n"
    assert len(duplicates(project / JOB)) == 2
    assert "2 of 8 micrographs (25 %) show a place that was recorded before" in (project / JOB / "run.out").read_text()
    ours = set(FILES + MARKS[:1] + ["RELION_OUTPUT_NODES.star"])
    assert set(files_of(project / JOB)) == ours | {"job.star", "note.txt", "run.out", "run.err"}


@pytest.mark.parametrize("version", PIPELINE)
def test_version_from_the_pipeline(project, version):
    """When there is no job.star."""
    (project / "default_pipeline.star").write_text(PIPELINE[version])
    assert run_job(project) == 0
    assert nodes(project)[1][0][2] == LABELS[version]


def test_version_that_is_asked_for(project):
    (project / JOB / "job.star").write_text(JOB_STAR["5.0"])
    assert run_job(project, "--relion_version", "4") == 0
    assert nodes(project)[1][0][2] == LABELS["4.0"]


@pytest.mark.parametrize("text", ["", "data_job\n", "not a STAR file\n", "\n# version 30001\n\ndata_other\n\n_rlnJobType 99\n"])
def test_odd_job_star(project, text):
    """Only a label depends on it, so the job is done all the same."""
    (project / JOB / "job.star").write_text(text)
    assert run_job(project) == 0
    assert marks(project) == MARKS[:1]
    if not text.startswith(("data_job", "\n")):
        assert err(project).startswith(f"WARNING: {JOB}job.star: ")
        assert nodes(project)[1][0][2] == LABELS["5.0"]


@pytest.mark.parametrize("job", [JOB, JOB.rstrip("/"), "./" + JOB])
def test_names_of_nodes_begin_with_the_job(project, job):
    assert run_job(project, job=job) == 0
    assert nodes(project)[1][0][0] == JOB + "micrographs.star"


# ---- arguments ----


@pytest.mark.parametrize(
    "more",
    [
        ["--strict"],  # a label without a value
        ["--strict", "--evalue", "0.01"],
        ["--strict", "1", "--min-overlap", "0.5"],
        ["--pipeline_control", JOB],
        ["--opticsless", "0"],
    ],
)
def test_arguments(project, more):
    assert run_job(project, *more) == 0, err(project)
    assert (marks(project), err(project)) == (MARKS[:1], "")


BAD = {
    "unknown option": (["--evlaue", "1"], "there is no option --evlaue; did you mean --evalue?"),
    "value that is none": (["--evalue", "many"], '--evalue takes a number from 0 to 1e+12, not "many"'),
    "label without its value": (["--evalue"], "--evalue needs a value (E)"),
    "value of nothing": (["Yes"], '"Yes" belongs to no option; the input is given with --in_mics'),
    "movies": (["--in_movies", "m.star"], "--in_movies: movies are not used; clear that field and give the input micrographs"),
    "particles": (["--in_parts", "p.star"], "--in_parts: particles are not used; clear that field and give the input micrographs"),
    "coordinates": (["--in_coords", "c.star"], "--in_coords: coordinates are not used; clear that field and give the input micrographs"),
    "reference": (["--in_3dref", "r.mrc"], "--in_3dref: a 3D reference is not used; clear that field and give the input micrographs"),
    "mask": (["--in_mask", "m.mrc"], "--in_mask: a mask is not used; clear that field and give the input micrographs"),
    "second input that is missing": (["--in_mics", "gone.star"], "gone.star: no such file or folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_a_failure(project, case):
    more, message = BAD[case]
    (project / JOB / MARKS[0]).touch()
    assert run_job(project, *more) == 1
    assert err(project) == f"microdup relion: {message}\n"
    assert marks(project) == MARKS[1:2]
    assert not (project / JOB / "RELION_OUTPUT_NODES.star").exists()


def test_marks_go_where_the_pipeline_asks(project):
    (project / "control").mkdir()
    assert run_job(project, "--pipeline_control", "control/") == 0
    assert marks(project) == [] and marks(project, "control") == MARKS[:1]


def test_nothing_given_and_no_folder():
    run = microdup("relion", "--in_mics", "a.star")
    assert (run.status, run.err) == (1, "microdup relion: --o DIR/ is needed: the folder of the job\n")
    run = microdup("relion", "--o", "/nonexistent/job")
    assert (run.status, run.err) == (1, "microdup relion: --in_mics FILE is needed: give the input micrographs\n")
    assert microdup("relion").out.startswith("microdup relion --o DIR/ --in_mics FILE")


def test_input_that_is_no_star_file(project):
    (project / "list.txt").write_text("MotionCorr/job002/m0.mrc\nMotionCorr/job002/m1.mrc\n")
    run = microdup("relion", "--o", JOB, "--in_mics", "list.txt", cwd=project)
    assert (run.status, run.err) == (1, "microdup relion: RELION needs a STAR file; give one as the input micrographs\n")
    assert marks(project) == MARKS[1:2]


# ---- failure, abort, again ----


def test_broken_input(project):
    (project / INPUT).write_text("data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\na.mrc\n")
    assert run_job(project) == 1
    assert marks(project) == MARKS[1:2]
    assert err(project).startswith(f"microdup relion: {INPUT}: line 6: ")


def test_nothing_to_judge(project):
    """A job whose micrographs are all gone must not look as if it had found them clean."""
    for path in (project / "MotionCorr/job002").glob("*.mrc"):
        path.unlink()
    assert run_job(project) == 1
    assert marks(project) == MARKS[1:2]
    assert not (project / JOB / "RELION_OUTPUT_NODES.star").exists()


def test_run_again_with_more(project):
    """As Schemes do: the same command after more has been recorded."""
    names = [f"MotionCorr/job002/m{i}.mrc" for i in range(Shots.N)]
    (project / INPUT).write_text(star_text(names[:4]))
    assert run_job(project) == 0
    assert duplicates(project / JOB) == []
    (project / INPUT).write_text(star_text(names))
    assert run_job(project) == 0
    assert (marks(project), err(project)) == (MARKS[:1], "")
    assert len(duplicates(project / JOB)) == 2
    (project / INPUT).write_text("")
    assert run_job(project) == 1
    assert marks(project) == MARKS[1:2]
    # What was found before is still there, whole.
    assert len(duplicates(project / JOB)) == 2


def test_abort_before_the_start(project):
    (project / JOB / "RELION_JOB_ABORT_NOW").touch()
    assert run_job(project) == 2
    assert marks(project) == MARKS[2:]
    assert not (project / JOB / "RELION_JOB_ABORT_NOW").exists()
    assert err(project) == "microdup relion: stopped before it began\n"
    assert run_job(project) == 0
    assert marks(project) == MARKS[:1]


@pytest.fixture
def long_project(project):
    """Micrographs that take some tens of seconds to read."""
    names = []
    for k in range(400):
        for i in range(Shots.N):
            names.append(f"MotionCorr/job002/long_{k}_{i}.mrc")
            link(project / f"MotionCorr/job002/m{i}.mrc", project / names[-1])
    (project / INPUT).write_text(star_text(names))
    return project


def start(project):
    folder = project / JOB
    out, errors = open(folder / "run.out", "wb"), open(folder / "run.err", "wb")
    process = subprocess.Popen(
        [relion_program(), "--o", JOB, "--in_mics", INPUT, "--j", "1"], cwd=project, stdout=out, stderr=errors
    )
    deadline = time.monotonic() + 60
    while not (folder / "summary.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def finish(process):
    try:
        return process.wait(timeout=30)
    finally:
        process.kill()


def test_abort_by_relion(long_project):
    process = start(long_project)
    (long_project / JOB / "RELION_JOB_ABORT_NOW").touch()
    assert finish(process) == 2
    assert marks(long_project) == MARKS[2:]
    assert not (long_project / JOB / "RELION_JOB_ABORT_NOW").exists()
    assert not (long_project / JOB / "micrographs.star").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal(long_project, number):
    process = start(long_project)
    process.send_signal(number)
    assert finish(process) == 2
    assert marks(long_project) == MARKS[2:]


# ---- RELION's own pipeliner ----


def relion(program, *arguments, cwd):
    path = shutil.which(program) or pytest.skip(f"{program} is not installed")
    return subprocess.run([path, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def add_job(project, **options):
    lines = "".join(f'{key} "{value}" \n' for key, value in options.items())
    (project / "job.star").write_text(
        "\n# version 30001\n\ndata_job\n\n_rlnJobType 99\n_rlnJobIsContinue 0\n \n\n# version 30001\n\n"
        "data_joboptions_values\n\nloop_ \n_rlnJobOptionVariable #1 \n_rlnJobOptionValue #2 \n" + lines + " \n"
    )
    before = {path.name for path in (project / "External").iterdir()}
    added = relion("relion_pipeliner", "--addJobFromStar", "job.star", cwd=project)
    assert added.returncode == 0, added.stderr
    name = ({path.name for path in (project / "External").iterdir()} - before).pop()
    return f"External/{name}/"


def run_pipeline(project, job):
    run = relion("relion_pipeliner", "--RunJobs", job, "--sec_wait_after", "1", cwd=project)
    assert run.returncode == 0, run.stderr


def pipeline(project):
    return [line.split() for line in (project / "default_pipeline.star").read_text().splitlines()]


FINISHED, FAILED = ["None", "99", "2"], ["None", "99", "3"]


def test_relion_runs_the_job_and_another_takes_its_output(project):
    common = dict(fn_exe=relion_program(), nr_threads=2, do_queue="No", other_args="")
    first = add_job(project, in_mic=INPUT, param1_label="strict", param1_value="", param2_label="evalue", param2_value="0.01", **common)
    second = add_job(project, in_mic=first + "micrographs.star", **common)
    run_pipeline(project, first)
    run_pipeline(project, second)
    for job in (first, second):
        assert (marks(project, job), err(project, job)) == (MARKS[:1], "")
        assert [job, *FINISHED] in pipeline(project)
        assert [job + "micrographs.star", "1"] in pipeline(project)
        assert [job, job + "micrographs.star"] in pipeline(project)
    assert [first + "micrographs.star", second] in pipeline(project)
    assert len(duplicates(project / first)) == 2 and duplicates(project / second) == []
    assert (project / second / "micrographs.star").read_bytes() == (project / first / "micrographs.star").read_bytes()
    # RELION's own reader takes it for what it is.
    check = relion(
        "relion_star_handler", "--i", INPUT, "--compare", first + "micrographs.star", "--label1", "rlnMicrographName", "--o", "c.star",
        cwd=project,
    )
    assert check.returncode == 0, check.stderr
    only = (project / "c_only1.star").read_text()
    assert "m5.mrc" in only and "m6.mrc" in only and "m1.mrc" not in only


def test_relion_runs_it_again(project):
    job = add_job(project, fn_exe=relion_program(), in_mic=INPUT, nr_threads=2, do_queue="No", other_args="")
    run_pipeline(project, job)
    before = {name: (project / job / name).read_bytes() for name in COMPARED}
    run_pipeline(project, job)
    assert (marks(project, job), err(project, job)) == (MARKS[:1], "")
    assert {name: (project / job / name).read_bytes() for name in before} == before
    assert pipeline(project).count([job + "micrographs.star", "1"]) == 1


def test_relion_with_two_words_and_its_own_name(project, tmp_path_factory):
    """`microdup relion` as the executable; a path with relion_ in it makes RELION add --pipeline_control."""
    folder = tmp_path_factory.mktemp("relion_tools")
    (folder / "microdup").symlink_to(os.environ["MDUP_BIN"])
    job = add_job(project, fn_exe=f"{folder}/microdup relion", in_mic=INPUT, nr_threads=1, do_queue="No", other_args="")
    run_pipeline(project, job)
    assert "--pipeline_control" in (project / job / "note.txt").read_text()
    assert (marks(project, job), err(project, job)) == (MARKS[:1], "")


def test_relion_sees_the_failure(project):
    (project / "p.star").touch()
    job = add_job(project, fn_exe=relion_program(), in_mic=INPUT, in_part="p.star", nr_threads=1, do_queue="No", other_args="")
    run_pipeline(project, job)
    assert marks(project, job) == MARKS[1:2]
    assert [job, *FAILED] in pipeline(project)
    assert "--in_parts: particles are not used" in err(project, job)
